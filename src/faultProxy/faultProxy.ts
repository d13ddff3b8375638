import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { Connection } from './connection.ts'
import { checkToxic, type Toxic } from './toxics.ts'

/** Options of `faultProxy`. */
export interface FaultProxyOptions {
  /** The target as `host:port` or as a URL, such as a database's. */
  readonly target: string
}

/** A TCP proxy that injects faults. */
export interface FaultProxy {
  /** The target with the proxy's address instead of its own, in the form that you passed. */
  readonly url: string
  /** The port on 127.0.0.1. */
  readonly port: number
  /** The number of connections that are open through it. */
  readonly connections: number
  /**
   * Adds a toxic to every connection, open ones included. The returned function removes it.
   *
   * @throws {TypeError} when one of its quantities is missing or out of range
   * @example
   * const removeLatency = proxy.add({ type: 'latency', latencyMs: 100, jitterMs: 20 })
   * const removeDown = proxy.add({ type: 'down' })
   * await removeDown() // resolves once connections are accepted again
   */
  add(toxic: Toxic): () => Promise<void>
  /** Closes every connection and accepts no more. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a TCP proxy on 127.0.0.1 that injects faults into its traffic: toxiproxy's toxics, in this process.
 *
 * @throws {TypeError} when the target has no port
 * @example
 * await using proxy = await faultProxy({ target: postgres.url() })
 * await using db = database({ url: proxy.url })
 * const removeTimeout = proxy.add({ type: 'timeout' }) // PostgreSQL no longer responds
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
  const updateAcceptance = (): void => void (server.listening && isDown() && server.close())
  const accept = async (): Promise<void> => {
    if (isDown()) return
    if (!server.listening) opening ??= listen(port).finally(() => (opening = undefined))
    await opening
    updateAcceptance() // it may be down again by now
  }

  const close = async (): Promise<void> => {
    isClosed = true
    const closed = server.listening ? once(server, 'close') : undefined
    updateAcceptance()
    for (const connection of connections) connection.close()
    await closed
  }
  return {
    url: withPort(port),
    port,
    get connections() {
      return connections.size
    },
    add(options) {
      checkToxic(options)
      const toxic: Toxic = { ...options } // a copy, because the same toxic may be added twice
      toxics.add(toxic)
      updateAcceptance()
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
  if (!port) {
    throw new TypeError(
      `the target "${isUrl ? `${url.protocol}//${url.host}` : target}" has no port: expected host:port or a URL with a port`,
    )
  }
  return {
    address: { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port },
    withPort(own) {
      url.host = `127.0.0.1:${own}`
      return isUrl ? url.href : url.host
    },
  }
}
