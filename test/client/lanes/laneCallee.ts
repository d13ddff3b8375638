import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { contract, t } from 'tricube'
import { client, type StandaloneOptions } from 'tricube/client'
import { onTestFinished } from 'vitest'
import { memoryRegistry } from '../callee.ts'

/** The contract of the callees in these tests. */
export const echoService = contract('echo-service', {
  echo: { route: 'GET /echo/:id', params: { id: t.Integer() }, returns: t.Object({ id: t.Integer() }) },
  put: {
    route: 'PUT /echo/:id',
    params: { id: t.Integer() },
    body: t.Object({ text: t.String() }),
    returns: t.Object({ id: t.Integer() }),
  },
  post: { route: 'POST /echo/:id', params: { id: t.Integer() }, returns: t.Object({ id: t.Integer() }) },
  slow: { route: 'GET /slow/:id', params: { id: t.Integer() }, returns: t.Object({ id: t.Integer() }) },
})

/** A request as it arrived, and how to respond to it. */
export interface RawRequest {
  readonly method: string
  readonly id: number
  readonly head: string
  readonly body: string
  readonly socket: Socket
  /** Its number on a lane; undefined on another connection. */
  readonly sequence: string | undefined
  /** The header lines that a response to it needs. */
  readonly laneHeaders: string
  /** Responds with its ID, after the responses to all requests before it on the connection. */
  respond(raw?: string): void
}

export interface RawCallee {
  readonly address: string
  readonly sockets: readonly Socket[]
  readonly requests: readonly RawRequest[]
  readonly onLanes: readonly RawRequest[]
}

/** Returns a well-formed response. */
export function good({ id, laneHeaders }: Pick<RawRequest, 'id' | 'laneHeaders'>, more = ''): string {
  const body = `{"code":0,"data":{"id":${id}}}`
  return `HTTP/1.1 200 OK\r\n${laneHeaders}${more}content-length: ${body.length}\r\n\r\n${body}`
}

/** Starts a callee that announces lanes, and whose responses a test writes byte by byte. */
export async function rawCallee(onRequest: (request: RawRequest) => void, announcement = '72'): Promise<RawCallee> {
  const sockets: Socket[] = []
  const requests: RawRequest[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    let text = ''
    const responses: { raw: string | undefined }[] = []
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const head = text.slice(0, end)
        const length = Number(/^content-length: (\d+)/m.exec(head)?.[1] ?? 0)
        if (text.length < end + 4 + length) break
        const body = text.slice(end + 4, end + 4 + length)
        text = text.slice(end + 4 + length)
        const sequence = /^x-call-lanes: (\d+)/m.exec(head)?.[1]
        const response: { raw: string | undefined } = { raw: undefined }
        responses.push(response)
        const request: RawRequest = {
          method: head.split(' ')[0]!,
          id: Number(/\/(\d+)/.exec(head)![1]),
          head,
          body,
          socket,
          sequence,
          laneHeaders: `connection: x-call-lanes\r\nx-call-lanes: ${sequence ?? announcement}\r\n`,
          respond(raw = good(request)) {
            response.raw = raw
            let due = ''
            while (responses[0]?.raw !== undefined) due += responses.shift()!.raw!
            if (due !== '' && socket.writable) socket.write(due, 'latin1')
          },
        }
        requests.push(request)
        onRequest(request)
      }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    sockets,
    requests,
    get onLanes() {
      return requests.filter(({ sequence }) => sequence !== undefined)
    },
  }
}

/** Returns a client without breaker, ejection and retry budget. */
export function echoClient(address: string, options: Partial<StandaloneOptions<typeof echoService>> = {}) {
  const registry = memoryRegistry({ ...at(address), service: 'echo-service' })
  return client(echoService, { registry, breaker: false, ejection: false, retryBudget: false, ...options })
}

function at(address: string) {
  return { id: address, address: '127.0.0.1', port: Number(address.split(':')[1]) }
}

/** Makes calls until they use a lane: until the operation is known to be short, also on a busy machine. */
export async function warmUp(
  caller: ReturnType<typeof echoClient>,
  callee: RawCallee,
  wanted: number = 20,
): Promise<void> {
  let inRow = 0
  for (let n = 0; inRow < wanted; n++) {
    if (n === 50_000) throw new Error('no call uses a lane')
    await caller.echo({ params: { id: n } })
    await new Promise(setImmediate)
    inRow = callee.requests.at(-1)!.sequence === undefined ? 0 : inRow + 1
  }
}
