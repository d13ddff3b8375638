// The service that the checks of HTTP talk to over bare sockets, in a process of its own.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { contract, service, t } from 'tricube'

const { ANSWER_BYTES = '16777216' } = process.env
process.on('disconnect', () => process.exit())

const names = () => Object.getOwnPropertyNames(Object.prototype)
const large = 'a'.repeat(Number(ANSWER_BYTES))
const delay = monitorEventLoopDelay({ resolution: 10 })
delay.enable()
let smuggled = 0

const echo = contract('echo-service', {
  getThing: { route: 'GET /things/:id', query: { q: t.Optional(t.String()) }, returns: t.String() },
  addThing: { route: 'POST /things', body: t.Object({ name: t.String() }), returns: t.String() },
  putAnything: { route: 'PUT /anything', body: t.Unknown(), returns: t.Unknown() },
  large: { route: 'GET /large', returns: t.String() },
  smuggled: { route: 'GET /smuggled', returns: t.Null() },
  state: {
    route: 'GET /state',
    returns: t.Object({
      names: t.Array(t.String()),
      smuggled: t.Integer(),
      connections: t.Integer(),
      lateMs: t.Number(),
    }),
  },
})
const app = service(echo, {
  handlers: {
    // As careless as a handler may be: copies whatever it gets.
    getThing: ({ params, query, headers }) =>
      Object.assign({}, query, headers, { [params.id]: params.id }) && params.id,
    addThing: ({ body }) => Object.assign({}, body).name,
    putAnything: ({ body }) => merge({}, body),
    large: () => large,
    smuggled() {
      smuggled++
      return null
    },
    state: async () => ({ names: names(), smuggled, connections: await connections(), lateMs: lateness() }),
  },
})

const connections = () =>
  new Promise((resolve, reject) =>
    app.fastify.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )

/** Milliseconds by which this process got the CPU too late, at worst, since the last request for it. */
function lateness() {
  const lateMs = delay.max / 1e6
  delay.reset()
  return lateMs
}

/** The deep copy that prototypes have been polluted through time and again. */
function merge(target, source) {
  if (typeof source !== 'object' || source === null) return source
  for (const name of Object.keys(source)) {
    const value = source[name]
    if (typeof value === 'object' && value !== null && typeof target[name] === 'object') merge(target[name], value)
    else target[name] = value
  }
  return target
}

const { url } = await app.listen()
process.send({ url })
