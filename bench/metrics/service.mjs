// The service under load. It reports its CPU time on request.
import { contract, service, t } from 'tricube'

const users = contract('user-service', {
  getUser: {
    route: 'GET /users/:id',
    params: { id: t.Integer() },
    returns: t.Object({ id: t.Integer(), name: t.String() }),
  },
})
const app = service(users, { handlers: { getUser: ({ params }) => ({ id: params.id, name: 'Li Lei' }) } })
const { url } = await app.listen()
process.on('message', () => process.send(process.cpuUsage()))
process.on('disconnect', () => process.exit(0))
process.send({ url })
