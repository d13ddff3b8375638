// A service whose work is computing.
import { contract, service, t } from 'tricube'
import { work } from './work.mjs'

const workService = contract('work-service', {
  work: { route: 'GET /work', returns: t.Integer() },
  pid: { route: 'POST /pid', returns: t.Integer() },
})

export default service(workService, {
  admission: false, // bursts are what is measured, and the machine may be busy with other things
  handlers: {
    work() {
      work()
      return process.pid
    },
    pid: () => process.pid,
  },
})
