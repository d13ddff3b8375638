// The service under overload, in a process of its own: a handler that holds the loop for 2 ms, and one that asks PostgreSQL.
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
    select: ({ db }) => db.value`SELECT 'hello ' || ${'you'}::text`,
  },
})
const { url } = await app.listen()
process.send(Number(new URL(url).port))
process.on('disconnect', () => process.exit())
