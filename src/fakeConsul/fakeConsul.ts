import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock, type Clock } from '../time/clock.ts'
import type { ConsulRequest, ConsulResponse, ConsulTransport } from '../discovery/consul/agent.ts'
import { Catalog } from './catalog.ts'
import { answer } from './routes.ts'

/** How the fake is run. */
export interface FakeConsulOptions {
  /** Port of 127.0.0.1. Default: a free one. */
  readonly port?: number
  /** Default: the machine's. */
  readonly clock?: Clock
}

/** Stands in front of the fake: answers itself, throws, or changes what `next` answers. */
export type Fault = (request: ConsulRequest, next: ConsulTransport) => ConsulResponse | Promise<ConsulResponse>

/** A Consul agent in this process, which knows what tricube asks of one: services, TTL checks, keys, blocking queries. */
export interface FakeConsul {
  /** Where it answers: for `CONSUL_HTTP_ADDR`. */
  readonly url: string
  /** The way to it without a socket. */
  readonly transport: ConsulTransport
  /** What is put between requests and the fake; undefined: nothing. */
  fault: Fault | undefined
  /** Sets a key's value; undefined takes the key away. */
  setKey(key: string, value: string | undefined): void
  /** Goes down: what is under way is cut, nothing more is answered. */
  stop(): Promise<void>
  /** Is up again, at the same URL, with all that it knew. */
  start(): Promise<void>
  /** Loses all that it knows, and begins to count from 1 again. */
  forget(): void
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a fake Consul agent on 127.0.0.1. HTTP checks keep the status that they are registered with: it asks nobody.
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

  const reach: ConsulTransport = (request) => answer(request, catalog, clock)
  const transport: ConsulTransport = async (request) => {
    if (!server) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
    const cut = down.signal
    const signal = AbortSignal.any([request.signal, cut])
    const response = await (consul.fault ?? ((asked, next) => next(asked)))({ ...request, signal }, reach)
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
    response.destroy() // as a connection that breaks
  }
}
