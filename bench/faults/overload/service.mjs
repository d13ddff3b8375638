// The service under overload, in a process of its own: a handler that holds the loop for 2 ms, and one that asks
// PostgreSQL, then holds it for 0.3 ms: or three times its capacity would be more than the load can be made of.
import { contract, service, t } from 'tricube'

const workService = contract('work-service', {
  compute: { route: 'GET /compute', returns: t.String() },
  select: { route: 'GET /select', returns: t.String() },
})

const app = service(workService, {
  ...(process.env.ADMISSION === 'off' && { admission: false }),
  handlers: {
    compute: () => hold(2),
    async select({ db }) {
      await db.value`SELECT 'hello ' || ${'you'}::text`
      return hold(0.3)
    },
  },
})

const { url } = await app.listen()
process.send(Number(new URL(url).port))
process.on('disconnect', () => process.exit())

function hold(ms) {
  const end = performance.now() + ms
  while (performance.now() < end);
  return 'done'
}
