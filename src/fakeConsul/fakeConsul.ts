import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock, type Clock } from '../time/clock.ts'
import type { ConsulRequest, ConsulResponse, ConsulTransport } from '../discovery/consul/agent.ts'
import { Catalog } from './catalog.ts'
import { handleRequest } from './routes.ts'

/** Options of `fakeConsul`. */
export interface FakeConsulOptions {
  /** The port on 127.0.0.1. Default: a free one. */
  readonly port?: number
  /** Default: the system clock. */
  readonly clock?: Clock
}

/** Intercepts a request: it may respond itself, throw, or change the response of `next`. */
export type Fault = (request: ConsulRequest, next: ConsulTransport) => ConsulResponse | Promise<ConsulResponse>

/** A Consul agent in this process, with the parts that tricube uses: services, TTL checks, keys, blocking queries. */
export interface FakeConsul {
  /** The URL of the agent, for `CONSUL_HTTP_ADDR`. */
  readonly url: string
  /** A transport that reaches the agent without a socket. */
  readonly transport: ConsulTransport
  /** Intercepts every request; undefined: none. */
  fault: Fault | undefined
  /** Sets the value of a key; undefined deletes it. */
  setKey(key: string, value: string | undefined): void
  /** Stops the agent: requests in flight are cut, and new connections fail. */
  stop(): Promise<void>
  /** Starts the agent again, at the same URL and with its data. */
  start(): Promise<void>
  /** Deletes all data and starts counting indexes from 1. */
  forget(): void
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a fake Consul agent on 127.0.0.1. It requests no HTTP check: each keeps the status that it was registered with.
 *
 * @example
 * await using consul = await fakeConsul()
 * const registry = consulRegistry({ address: consul.url })
 */
export async function fakeConsul({ port = 0, clock = systemClock }: FakeConsulOptions = {}): Promise<FakeConsul> {
  let catalog = new Catalog()
  let server: Server | undefined
  let listening = port
  let down = new AbortController()

  const reach: ConsulTransport = (request) => handleRequest(request, catalog, clock)
  const transport: ConsulTransport = async (request) => {
    if (!server) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
    const cut = down.signal
    const signal = AbortSignal.any([request.signal, cut])
    const response = await (consul.fault ?? ((intercepted, next) => next(intercepted)))({ ...request, signal }, reach)
    if (cut.aborted) throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
    request.signal.throwIfAborted()
    return response
  }

  const consul: FakeConsul = {
    get url() {
      return `http://127.0.0.1:${listening}`
    },
    transport,
    fault: undefined,
    setKey: (key, value) => catalog.setKey(key, value),
    async stop() {
      const stopped = server
      server = undefined
      down.abort()
      stopped?.closeAllConnections()
      if (stopped) await new Promise((resolve) => stopped.close(resolve))
    },
    async start() {
      down = new AbortController()
      server = await serve(transport, listening)
      listening = (server.address() as AddressInfo).port
    },
    forget() {
      catalog = new Catalog()
    },
    [Symbol.asyncDispose]: () => consul.stop(),
  }
  await consul.start()
  return consul
}

async function serve(transport: ConsulTransport, port: number): Promise<Server> {
  const server = createServer((request, response) => void handle(request, response, transport))
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

async function handle(request: IncomingMessage, response: ServerResponse, transport: ConsulTransport): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  try {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const { status, headers, body } = await transport({
      method: request.method as ConsulRequest['method'],
      path: request.url!,
      headers: request.headers as Record<string, string>,
      body: Buffer.concat(chunks).toString(),
      signal: gone.signal,
    })
    response.writeHead(status, headers).end(body)
  } catch {
    response.destroy() // like a broken connection
  }
}
