import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import { contract, t } from 'tricube'
import type { Instance, Registry } from 'tricube/discovery'
import { onTestFinished } from 'vitest'

const Product = t.Object({ id: t.Integer(), from: t.String() })

/** The contract of the callees in these tests. */
export const productService = contract('product-service', {
  getProduct: { route: 'GET /products/:id', params: { id: t.Integer() }, returns: Product },
  createProduct: { route: 'POST /products', body: t.Object({ name: t.String() }), returns: Product },
  listProducts: { route: 'GET /products', paginated: true, returns: Product },
})

/** How a callee responds: with a status, headers and a body, by breaking the connection, or not at all. */
export type Reply = { status?: number; headers?: Record<string, string>; body?: unknown } | 'break' | 'silence'

export interface Callee {
  readonly name: string
  readonly address: string
  readonly requests: IncomingMessage[]
  readonly server: Server
}

/** Starts an HTTP server that responds with what `reply` returns, and records its requests. */
export async function callee(
  name = 'a',
  reply: (request: IncomingMessage, nth: number) => Reply = () => ({}),
): Promise<Callee> {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    request.resume()
    respond(response, reply(request, requests.length), name)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return { name, address: `127.0.0.1:${(server.address() as AddressInfo).port}`, requests, server }
}

function respond(response: ServerResponse, reply: Reply, name: string): void {
  if (reply === 'silence') return
  if (reply === 'break') return void response.socket!.destroy()
  const {
    status = 200,
    headers = {},
    body = status < 400 ? { code: 0, data: { id: 1, from: name } } : undefined,
  } = reply
  const text = body ?? { code: status * 100, message: 'No', error: `${name} says no` }
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(text))
}

/** Returns an address without a listener. */
export async function unusedAddress(): Promise<string> {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `127.0.0.1:${port}`
}

/** Returns a registry whose instances a test sets, by address or with further fields. */
export function memoryRegistry(
  ...first: (string | Partial<Instance>)[]
): Registry & { set(...all: typeof first): void } {
  let known: readonly Instance[] | undefined
  const watchers = new Set<(instances: readonly Instance[]) => void>()
  const set = (...all: typeof first): void => {
    known = all.map(instanceOf)
    for (const onChange of watchers) onChange(known)
  }
  if (first.length > 0) set(...first)
  return {
    register: () => Promise.resolve(() => Promise.resolve()),
    watch(_service, onChange) {
      watchers.add(onChange)
      if (known) onChange(known)
      return () => void watchers.delete(onChange)
    },
    set,
  }
}

/** Returns `127.0.0.1:80` as an instance, with further fields. */
export function at(address: string, more: Partial<Instance> = {}): Partial<Instance> {
  return { id: address, address: '127.0.0.1', port: Number(address.split(':')[1]), ...more }
}

function instanceOf(addressOrInstance: string | Partial<Instance>): Instance {
  const instance = typeof addressOrInstance === 'string' ? at(addressOrInstance) : addressOrInstance
  return { service: 'product-service', id: 'i', address: '127.0.0.1', port: 1, ...instance }
}
