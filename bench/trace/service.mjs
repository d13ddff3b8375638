/** The services under load: `GET /users/:id` with one SELECT, one for each environment in SERVICES. */
import { contract, service, t } from 'tricube'
import { sdkSpans } from './sdk.mjs'

const User = t.Object({ id: t.Integer(), name: t.String(), age: t.Integer() })
const userService = contract('user-service', {
  getUser: { route: 'GET /users/:id', params: { id: t.Integer() }, returns: User },
})

const one = (db, id) => db.one`SELECT id, name, age FROM bench_users WHERE id = ${id}`

/** One service as its environment says. */
function start() {
  const sdk = process.env.TRACED_BY === 'sdk' ? sdkSpans() : undefined
  const app = service(userService, {
    trace: { opentelemetry: process.env.OPENTELEMETRY_API === '1' },
    handlers: {
      getUser: sdk
        ? ({ request, params, db }) => sdk.statement(request, () => one(db, params.id))
        : ({ params, db }) => one(db, params.id),
    },
  })
  if (sdk) sdk.traceRequests(app.fastify)
  process.once('disconnect', () => app.close().then(() => sdk?.close()))
  return app.listen()
}

process.on('message', () => process.send({ cpu: process.cpuUsage(), rss: process.memoryUsage.rss() }))
// Services that share a process differ in nothing but their environment, not even in what the compiler made of them.
const urls = []
for (const env of JSON.parse(process.env.SERVICES ?? '[{}]')) {
  Object.assign(process.env, env)
  urls.push((await start()).url)
}
process.send({ urls })
