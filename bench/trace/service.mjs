/** The service under load: `GET /users/:id` with one SELECT, traced the way that TRACED_BY says. */
import { contract, service, t } from 'tricube'
import { sdkSpans } from './sdk.mjs'

const User = t.Object({ id: t.Integer(), name: t.String(), age: t.Integer() })
const userService = contract('user-service', {
  getUser: { route: 'GET /users/:id', params: { id: t.Integer() }, returns: User },
})

const sdk = process.env.TRACED_BY === 'sdk' ? sdkSpans() : undefined
const one = (db, id) => db.one`SELECT id, name, age FROM bench_users WHERE id = ${id}`

const app = service(userService, {
  trace: { opentelemetry: process.env.OPENTELEMETRY_API === '1' },
  handlers: {
    getUser: sdk
      ? ({ request, params, db }) => sdk.statement(request, () => one(db, params.id))
      : ({ params, db }) => one(db, params.id),
  },
})
if (sdk) sdk.traceRequests(app.fastify)

process.on('message', () => process.send({ cpu: process.cpuUsage(), rss: process.memoryUsage.rss() }))
process.once('disconnect', () => app.close().then(() => sdk?.close()))
const { url } = await app.listen()
process.send({ url })
