import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request that reached a collector. */
export interface Received {
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/** A stand-in for a collector. */
export interface Collector extends AsyncDisposable {
  readonly url: string
  readonly received: readonly Received[]
}

/** What a collector does with a request. */
export type Responder = (response: ServerResponse) => void

/** Answers with a status. */
export function status(code: number, headers: Record<string, string> = {}): Responder {
  return (response) => void response.writeHead(code, headers).end()
}

/** Starts a collector that responds in turn. The last response repeats. */
export async function collector(...responders: [Responder, ...Responder[]]): Promise<Collector> {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    const chunks = await request.toArray().catch(() => undefined)
    if (!chunks) return // the sender has stopped meanwhile
    received.push({ url: request.url!, headers: request.headers, body: Buffer.concat(chunks) })
    const respond = responders.length > 1 ? responders.shift()! : responders[0]
    respond(response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
