// One callee, in a process of its own: says where it listens, and reports its processor time on request.
import { broker, grpcUsers, user, userService } from './works.mjs'

const callees = {
  async tricube() {
    const { service } = await import('tricube')
    const app = service(await userService(), { handlers: { getUser: ({ params: { id } }) => user(id) } })
    return Number(new URL((await app.listen()).url).port)
  },
  async fastify() {
    const { default: Fastify } = await import('fastify')
    const fastify = Fastify()
    const integer = { type: 'integer' }
    const string = { type: 'string' }
    const city = { type: 'object', properties: { id: integer, name: string } }
    const data = { type: 'object', properties: { id: integer, name: string, age: integer, city } }
    const params = { type: 'object', required: ['id'], properties: { id: integer } }
    const response = { 200: { type: 'object', properties: { code: integer, data } } }
    fastify.get('/users/:id', { schema: { params, response } }, ({ params: { id } }, reply) =>
      reply.send({ code: 0, data: user(id) }),
    )
    return Number(new URL(await fastify.listen({ host: '127.0.0.1', port: 0 })).port)
  },
  async moleculer() {
    const port = 20_000 + (process.pid % 20_000)
    const node = await broker('users', port, [])
    node.createService({
      name: 'users',
      actions: { get: { params: { id: 'number' }, handler: ({ params }) => user(params.id) } },
    })
    await node.start()
    return port
  },
  async grpc() {
    const { grpc, Users } = await grpcUsers()
    const server = new grpc.Server()
    server.addService(Users.service, { getUser: ({ request }, callback) => callback(null, user(request.id)) })
    return new Promise((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      )
    })
  },
}

const port = await callees[process.argv[2]]()
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send(user + system)
})
process.on('disconnect', () => process.exit())
process.send(port)
