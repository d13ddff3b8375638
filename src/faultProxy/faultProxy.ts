import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { Connection } from './connection.ts'
import { checkToxic, type Toxic } from './toxics.ts'

/** What a fault proxy stands in front of. */
export interface FaultProxyOptions {
  /** `host:port`, or a URL, such as a database's. */
  readonly target: string
}

/** A TCP proxy that can be made to misbehave. */
export interface FaultProxy {
  /** The target as it was given, with the proxy's address in the place of its own. */
  readonly url: string
  /** Port of 127.0.0.1. */
  readonly port: number
  /** How many connections are open through it. */
  readonly connections: number
  /**
   * Puts a toxic on every connection, those that are open too, until the returned function takes it away.
   *
   * @throws {TypeError} when one of its quantities is missing or makes no sense
   * @example
   * const faster = proxy.add({ type: 'latency', latencyMs: 100, jitterMs: 20 })
   * const up = proxy.add({ type: 'down' })
   * await up() // resolves once connections are taken again
   */
  add(toxic: Toxic): () => Promise<void>
  /** Closes every connection and takes no more. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a TCP proxy on 127.0.0.1 that adds faults to what goes through it: toxiproxy's toxics, in this process.
 *
 * @throws {TypeError} when the target names no port
 * @example
 * await using proxy = await faultProxy({ target: postgres.url() })
 * await using db = database({ url: proxy.url })
 * const heal = proxy.add({ type: 'timeout' }) // PostgreSQL is a black hole
 */
export async function faultProxy({ target }: FaultProxyOptions): Promise<FaultProxy> {
  const { address, withPort } = parseTarget(target)
  const toxics = new Set<Toxic>()
  const connections = new Set<Connection>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const connection = new Connection(client, address, toxics, () => connections.delete(connection))
    connections.add(connection)
  })
  const listen = async (at: number): Promise<number> => {
    server.listen(at, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
  const port = await listen(0)
  let isClosed = false
  let opening: Promise<unknown> | undefined

  const isDown = (): boolean => isClosed || [...toxics].some(({ type }) => type === 'down')
  const refuse = (): void => void (server.listening && isDown() && server.close())
  const accept = async (): Promise<void> => {
    if (isDown()) return
    if (!server.listening) opening ??= listen(port).finally(() => (opening = undefined))
    await opening
    refuse() // it may be down again by now
  }

  const close = async (): Promise<void> => {
    isClosed = true
    const closed = server.listening ? once(server, 'close') : undefined
    refuse()
    for (const connection of connections) connection.close()
    await closed
  }
  return {
    url: withPort(port),
    port,
    get connections() {
      return connections.size
    },
    add(given) {
      checkToxic(given)
      const toxic: Toxic = { ...given } // one of its own, however often the same is added
      toxics.add(toxic)
      refuse()
      for (const connection of connections) connection.add(toxic)
      return async () => {
        if (!toxics.delete(toxic)) return
        for (const connection of connections) connection.remove(toxic)
        await accept()
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

const defaultPorts: Readonly<Record<string, number>> = {
  'http:': 80,
  'https:': 443,
  'postgres:': 5432,
  'postgresql:': 5432,
}

function parseTarget(target: string): {
  address: { host: string; port: number }
  withPort: (port: number) => string
} {
  const isUrl = target.includes('://')
  const url = new URL(isUrl ? target : `tcp://${target}`)
  const port = Number(url.port) || defaultPorts[url.protocol]
  if (!port) throw new TypeError(`the target "${isUrl ? `${url.protocol}//${url.host}` : target}" names no port`)
  return {
    address: { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port },
    withPort(own) {
      url.host = `127.0.0.1:${own}`
      return isUrl ? url.href : url.host
    },
  }
}
