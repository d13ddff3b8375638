/** Fastify with its schemas for input and output, and pg's pool. LOG_FILE, when set: one line of pino for each request. */
import Fastify, { LogController } from 'fastify'
import pino from 'pino'
import { findProfile } from './callees.mjs'
import { addEntry, findAccount, findNamed, listAccounts } from './store.mjs'

const { PORT, LOG_FILE } = process.env

/** Without the line for the beginning of a request. */
class OneLine extends LogController {
  incomingRequest() {}
}

const fastify = Fastify(
  LOG_FILE && {
    loggerInstance: pino(pino.destination({ dest: LOG_FILE, sync: false, minLength: 4096 })),
    logController: new OneLine(),
  },
)

const object = (properties) => ({ type: 'object', required: Object.keys(properties), properties })
const enveloped = (data) => ({ response: { 200: object({ code: { type: 'integer' }, data }) } })
const string = { type: 'string' }
const integer = { type: 'integer' }
const params = object({ id: integer })
const named = object({ id: integer, name: string })
const newUser = object({
  name: { type: 'string', minLength: 1, maxLength: 64 },
  age: { type: 'integer', minimum: 0, maximum: 150 },
  email: { type: 'string', maxLength: 254, pattern: '^[^@\\s]+@[^@\\s]+$' },
  city_id: { type: 'integer', minimum: 1 },
})
const account = object({
  id: integer,
  name: string,
  age: integer,
  email: string,
  city_id: integer,
  create_time: { type: 'string', format: 'date-time' },
})
const profile = object({ id: integer, city: named, role: named })

fastify.get('/users/:id', { schema: { params, ...enveloped(named) } }, async ({ params: { id } }) => ({
  code: 0,
  data: { id, name: `user ${id}` },
}))
fastify.post('/users', { schema: { body: newUser, ...enveloped(newUser) } }, async ({ body }) => ({
  code: 0,
  data: body,
}))
fastify.get('/accounts/:id', { schema: { params, ...enveloped(account) } }, async ({ params: { id } }) => ({
  code: 0,
  data: await findAccount(id),
}))
fastify.get(
  '/accounts',
  { schema: { querystring: object({ after: integer }), ...enveloped({ type: 'array', items: account }) } },
  async ({ query: { after } }) => ({ code: 0, data: await listAccounts(after) }),
)
fastify.post('/entries', { schema: { body: newUser, ...enveloped(object({ id: integer })) } }, async ({ body }) => ({
  code: 0,
  data: await addEntry(body),
}))
fastify.get('/profiles/:id', { schema: { params, ...enveloped(profile) } }, async ({ params: { id } }) => ({
  code: 0,
  data: await findProfile(id),
}))
for (const table of ['cities', 'roles']) {
  fastify.get(`/${table}/:id`, { schema: { params, ...enveloped(named) } }, async ({ params: { id } }) => ({
    code: 0,
    data: await findNamed(table, id),
  }))
}

await fastify.listen({ host: '127.0.0.1', port: Number(PORT) })
