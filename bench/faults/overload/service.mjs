// The service under overload, in a process of its own: a handler that holds the loop for 2 ms, and one that reads
// rows from PostgreSQL: so many that the service is what is overloaded, and not whoever makes the load.
import { contract, service, t } from 'tricube'

const workService = contract('work-service', {
  compute: { route: 'GET /compute', returns: t.String() },
  select: { route: 'GET /select', returns: t.String() },
})

const app = service(workService, {
  ...(process.env.ADMISSION === 'off' && { admission: false }),
  handlers: {
    compute() {
      const end = performance.now() + 2
      while (performance.now() < end);
      return 'done'
    },
    async select({ db }) {
      const rows = await db.many`SELECT n, 'row ' || n AS name FROM generate_series(1, ${200}::int) n`
      return String(rows.length)
    },
  },
})
const { url } = await app.listen()
process.send(Number(new URL(url).port))
process.on('disconnect', () => process.exit())
