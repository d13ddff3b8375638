import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { Agent, type buildConnector } from 'undici'
import { optionsProblem, type Fields } from '../../config/rule.ts'
import { describeValue } from '../../schema/describeValue.ts'
import { record, integer } from '../../config/rules.ts'
import { TestFailure } from '../checks.ts'
import { memoryConnection } from './memorySocket.ts'
import { callOf } from './received.ts'
import { RouteTable } from './routes.ts'
import type { ForeignHttp, HttpCall, HttpMocks, HttpReply } from './types.ts'

/** What the requests of one service under test go to: a server in memory that stands for every host. */
export class ForeignHttpMocks implements ForeignHttp {
  readonly calls: HttpCall[] = []
  /** The undici dispatcher of requests to mocks. */
  readonly agent: Agent = new Agent({ connect: (to, connected) => this.#connectUndici(to, connected) })
  readonly #service: string
  readonly #fail: (failure: TestFailure) => void
  readonly #routes: RouteTable
  readonly #passesAll: boolean
  readonly #origins = new WeakMap<Duplex, { readonly origin: string; readonly client: Duplex }>()
  readonly #server: Server
  #isAsked = false

  constructor(service: string, mocks: HttpMocks | 'real', fail: (failure: TestFailure) => void) {
    this.#service = service
    this.#fail = fail
    this.#routes = new RouteTable(service)
    this.#passesAll = mocks === 'real'
    if (mocks !== 'real') this.#routes.add(mocks)
    this.#server = createServer((request, response) => void this.#serve(request, response))
  }

  mock(mocks: HttpMocks): void {
    this.#routes.add(mocks)
  }

  /** Whether requests to a host are really sent. */
  isReal(origin: string): boolean {
    return this.#passesAll || this.#routes.isReal(origin)
  }

  /** Opens a connection to a host that the server in memory plays. */
  connect(origin: string): Duplex {
    const { client, server } = memoryConnection()
    this.#origins.set(server, { origin, client })
    this.#server.emit('connection', server)
    return client
  }

  /** undici opens a connection. It asks for ours at once; otherwise no mock can replace it. */
  connecting(origin: string): void {
    this.#isAsked = false
    queueMicrotask(() => {
      if (!this.#isAsked) this.#fail(new TestFailure(bypassed(this.#service, origin)))
    })
  }

  async close(): Promise<void> {
    await this.agent.destroy()
  }

  #connectUndici({ protocol, host }: buildConnector.Options, connected: buildConnector.Callback): void {
    this.#isAsked = true
    const { origin } = new URL(`${protocol}//${host}`)
    setImmediate(() => connected(null, this.connect(origin) as never)) // undici expects it later
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { origin, client } = this.#origins.get(request.socket)!
    try {
      await this.#reply(origin, request, response)
    } catch (error) {
      if (error instanceof TestFailure) this.#fail(error)
      client.destroy(error instanceof Error ? error : new Error(String(error)))
    }
  }

  async #reply(origin: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url!, origin)
    const method = request.method!
    const match = this.#routes.match(origin, method, pathname)
    if (!match) throw new TestFailure(this.#unmocked(origin, `${method} ${origin}${pathname}`))
    const { replier, params, title } = match
    const call = await callOf(origin, params, request)
    this.calls.push(call)
    const reply = typeof replier === 'function' ? await replier(call) : replier
    if (reply instanceof Response) return sendResponse(response, reply)
    const problem = optionsProblem(reply, replyRules)
    if (problem) throw new TestFailure(`the mock of ${title} at ${origin} returned a wrong reply: ${problem}`)
    if (reply.delayMs) await delay(reply.delayMs, undefined, { signal: closedSignal(response) })
    send(response, reply)
  }

  #unmocked(origin: string, called: string): string {
    const titles = this.#routes.titles(origin)
    return titles
      ? `${this.#service} called ${called}, but the test mocks only ${titles.join(', ')} there: add the route to http`
      : `${this.#service} called ${called}, but the test has not mocked it: add ${JSON.stringify(origin)} to http`
  }
}

/** Aborts once nobody waits for the response. */
function closedSignal(response: ServerResponse): AbortSignal {
  const closed = new AbortController()
  response.once('close', () => closed.abort())
  return closed.signal
}

function bypassed(service: string, origin: string): string {
  return (
    `${service} connected to ${origin} through an undici dispatcher of its own, which the test cannot mock: ` +
    `use the global one, or set ${JSON.stringify(origin)} to 'real' in http`
  )
}

const replyRules: Fields<HttpReply> = {
  status: integer({ min: 200, max: 599 }),
  headers: record('headers by name'),
  body: { expected: 'anything', accepts: () => true },
  delayMs: integer({ unit: 'ms' }),
}

function send(response: ServerResponse, { status = 200, headers = {}, body }: HttpReply): void {
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
    response.end(body)
    return
  }
  const json = asJson(body)
  if (!response.hasHeader('content-type')) response.setHeader('content-type', 'application/json')
  response.end(json)
}

/** @throws {TestFailure} when the body is not JSON */
function asJson(body: unknown): string {
  try {
    return JSON.stringify(body)
  } catch (cause) {
    throw new TestFailure(`a mock returned a body that is not JSON: ${describeValue(body)}`, { cause })
  }
}

async function sendResponse(response: ServerResponse, reply: Response): Promise<void> {
  if (reply.type === 'error') throw new Error('a mock returned Response.error()')
  response.statusCode = reply.status
  for (const [name, value] of reply.headers) response.appendHeader(name, value)
  response.end(Buffer.from(await reply.arrayBuffer()))
}
