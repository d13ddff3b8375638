import net from 'node:net'

/** A TCP proxy in front of a database that can be made to misbehave. */
export interface Proxy extends AsyncDisposable {
  readonly url: string
  /** Connections that are open through it. */
  readonly connections: number
  /** From now on swallows everything in both directions, new connections too, and says nothing. */
  blackHole(): void
  /** Lets everything through again. Connections that were swallowed stay dead. */
  heal(): void
  /** Resets every connection; new ones are welcome unless it is closed. */
  reset(): void
  /** Refuses new connections and resets those that are. */
  down(): Promise<void>
  /** Takes new connections again. */
  up(): Promise<void>
}

export async function proxyTo(target: string): Promise<Proxy> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<net.Socket>()
  let isBlack = false
  const server = net.createServer((client) => {
    const upstream = net.connect(Number(port), hostname)
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.on('data', (chunk) => isBlack || to.write(chunk))
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  })
  const listen = (at: number) => new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve))
  await listen(0)
  const at = (server.address() as net.AddressInfo).port
  const url = new URL(target)
  url.port = String(at)
  const reset = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  const down = async (): Promise<void> => {
    reset()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  return {
    url: url.href,
    get connections() {
      return sockets.size / 2
    },
    blackHole: () => {
      isBlack = true
    },
    heal: () => {
      isBlack = false
      reset()
    },
    reset,
    down,
    up: () => listen(at),
    [Symbol.asyncDispose]: down,
  }
}
