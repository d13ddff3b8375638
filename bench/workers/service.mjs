// A service whose work is computing: some milliseconds of CPU for each request, the same on any machine at any load.
import { pbkdf2Sync } from 'node:crypto'
import { contract, service, t } from 'tricube'

const work = contract('work-service', {
  work: { route: 'GET /work', returns: t.Integer() },
  pid: { route: 'POST /pid', returns: t.Integer() },
})

export default service(work, {
  handlers: {
    work() {
      pbkdf2Sync('password', 'salt', 10_000, 32, 'sha256')
      return process.pid
    },
    pid: () => process.pid,
  },
})
