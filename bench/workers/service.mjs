// A service whose work is computing.
import { contract, service, t } from 'tricube'
import { work } from './work.mjs'

const workService = contract('work-service', {
  work: { route: 'GET /work', returns: t.Integer() },
  pid: { route: 'POST /pid', returns: t.Integer() },
})

export default service(workService, {
  handlers: {
    work() {
      work()
      return process.pid
    },
    pid: () => process.pid,
  },
})
