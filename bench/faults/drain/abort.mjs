// A service over PostgreSQL whose requests take a minute, in a process of its own; tells its parent of its connections.
import { contract, service, t } from 'tricube'

export const sleepService = contract('sleep-service', {
  statement: { route: 'GET /statement', returns: t.Null() },
  transaction: { route: 'GET /transaction', returns: t.Null() },
  ping: { route: 'GET /ping', returns: t.Integer() },
})

let application
const app = service(sleepService, {
  admission: false, // rejections on a busy machine do not matter here
  hooks: { afterStart: (started) => void (application = started) },
  handlers: {
    async statement({ db }) {
      await db.with({ slow: true }).execute`SELECT pg_sleep(60)`
      return null
    },
    transaction: ({ db }) => db.transaction(async (tx) => (await tx.execute`SELECT pg_sleep(60)`, null)),
    ping: ({ db }) => db.value`SELECT 7`,
  },
})
process.on('message', () => process.send({ stats: application.db.stats() }))
process.on('disconnect', () => process.exit())
const { url } = await app.listen()
process.send({ url })
