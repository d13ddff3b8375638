// The service under load, in a project of its own. It reports the CPU time of its process.
import { contract, service, t } from 'tricube'

const users = contract('user-service', {
  getUser: {
    route: 'GET /users/:id',
    params: { id: t.Integer() },
    returns: t.Object({ id: t.Integer(), name: t.String() }),
  },
  getCpu: { route: 'GET /cpu', returns: t.Object({ micros: t.Number() }) },
})

export default service(users, {
  port: Number(process.env.BENCH_PORT),
  handlers: {
    getUser: ({ params }) => ({ id: params.id, name: 'Li Lei' }),
    getCpu() {
      const { user, system } = process.cpuUsage()
      return { micros: user + system }
    },
  },
})
