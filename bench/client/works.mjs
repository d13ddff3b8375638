/** What is called, in each of the ways that there are to call it. */
import { fileURLToPath } from 'node:url'

export const user = (id) => ({ id, name: 'Li Lei', age: 32, city: { id: 2, name: 'Shanghai' } })

/** How a caller and a callee talk; those with a plain callee measure the client alone. */
export const ways = {
  tricube: { title: 'tricube', callee: 'tricube' },
  'tricube-pool': { title: 'tricube, `lanes: false`', callee: 'tricube' },
  undici: { title: 'undici `request` and `body.json()`, Fastify', callee: 'fastify' },
  'undici-pipelining': { title: 'undici with `pipelining: 10`, Fastify', callee: 'fastify' },
  moleculer: { title: 'Moleculer over TCP', callee: 'moleculer' },
  grpc: { title: '@grpc/grpc-js', callee: 'grpc' },
}

export async function userService() {
  const { contract, t } = await import('tricube')
  const City = t.Object({ id: t.Integer(), name: t.String() })
  const User = t.Object({ id: t.Integer(), name: t.String(), age: t.Integer(), city: City })
  return contract('user-service', {
    getUser: { route: 'GET /users/:id', params: { id: t.Integer() }, returns: User },
  })
}

export async function grpcUsers() {
  const grpc = await import('@grpc/grpc-js')
  const { loadSync } = await import('@grpc/proto-loader')
  const { bench } = grpc.loadPackageDefinition(loadSync(fileURLToPath(new URL('user.proto', import.meta.url))))
  return { grpc, Users: bench.Users }
}

/** A Moleculer node that knows where the other one is. */
export async function broker(nodeID, port, urls) {
  const { ServiceBroker } = await import('moleculer')
  return new ServiceBroker({
    nodeID,
    logger: false,
    transporter: { type: 'TCP', options: { udpDiscovery: false, port, urls } },
    created(self) {
      self.registry.nodes.localNode.hostname = '127.0.0.1'
    },
  })
}
