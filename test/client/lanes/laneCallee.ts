import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { contract, t } from 'tricube'
import { client, type StandaloneOptions } from 'tricube/client'
import { onTestFinished } from 'vitest'
import { memoryRegistry } from '../callee.ts'

/** What the callees of these tests promise. */
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

/** A request as it came, and how to respond to it. */
export interface RawRequest {
  readonly method: string
  readonly id: number
  readonly head: string
  readonly body: string
  readonly socket: Socket
  /** What it says that it is on its lane; undefined off a lane. */
  readonly sequence: string | undefined
  /** The header lines that a response to it needs. */
  readonly notice: string
  /** Responds with its id, once all before it on its connection have been responded to. */
  answer(raw?: string): void
}

export interface RawCallee {
  readonly address: string
  readonly sockets: readonly Socket[]
  readonly requests: readonly RawRequest[]
  readonly onLanes: readonly RawRequest[]
}

/** A response that is well-formed. */
export function good({ id, notice }: Pick<RawRequest, 'id' | 'notice'>, more = ''): string {
  const body = `{"code":0,"data":{"id":${id}}}`
  return `HTTP/1.1 200 OK\r\n${notice}${more}content-length: ${body.length}\r\n\r\n${body}`
}

/** A callee whose bytes a test writes by hand. It says that it knows lanes. */
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
          notice: `connection: x-call-lanes\r\nx-call-lanes: ${sequence ?? announcement}\r\n`,
          answer(raw = good(request)) {
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

/** A client whose policies do not get in the way. */
export function echoClient(address: string, options: Partial<StandaloneOptions<typeof echoService>> = {}) {
  const registry = memoryRegistry({ ...at(address), service: 'echo-service' })
  return client(echoService, { registry, breaker: false, ejection: false, retryBudget: false, ...options })
}

function at(address: string) {
  return { id: address, address: '127.0.0.1', port: Number(address.split(':')[1]) }
}

/** Makes calls until they take a lane: until the operation is known to be short, on however busy a machine. */
export async function warmUp(
  caller: ReturnType<typeof echoClient>,
  callee: RawCallee,
  wanted: number = 20,
): Promise<void> {
  let inRow = 0
  for (let n = 0; inRow < wanted; n++) {
    if (n === 50_000) throw new Error('no call takes a lane')
    await caller.echo({ params: { id: n } })
    await new Promise(setImmediate)
    inRow = callee.requests.at(-1)!.sequence === undefined ? 0 : inRow + 1
  }
}
