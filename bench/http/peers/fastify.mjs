/** Fastify with its schemas for input and output, and pg's pool. LOG_FILE, when set: one line of pino for each request. */
import Fastify from 'fastify'
import pg from 'pg'
import pino from 'pino'
import { caller } from './undici.mjs'

const { PORT, LOG_FILE, DATABASE_URL, CITIES_URL, ROLES_URL } = process.env
const pool = DATABASE_URL && new pg.Pool({ connectionString: DATABASE_URL })
const [cities, roles] = [caller(CITIES_URL), caller(ROLES_URL)]
const fastify = Fastify(
  LOG_FILE
    ? {
        loggerInstance: pino(pino.destination({ dest: LOG_FILE, sync: false, minLength: 4096 })),
        disableRequestLogging: true,
      }
    : {},
)
if (LOG_FILE) {
  fastify.addHook('onResponse', async (request, reply) => {
    request.log.info(
      { method: request.method, path: request.url, status: reply.statusCode, duration_ms: reply.elapsedTime },
      'request',
    )
  })
}

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
  data: await one('account', 'SELECT id, name, age, email, city_id, create_time FROM accounts WHERE id = $1', [id]),
}))

fastify.get(
  '/accounts',
  { schema: { querystring: object({ after: integer }), ...enveloped({ type: 'array', items: account }) } },
  async ({ query: { after } }) => {
    const text = 'SELECT id, name, age, email, city_id, create_time FROM accounts WHERE id > $1 ORDER BY id LIMIT 20'
    const { rows } = await pool.query({ name: 'accounts', text, values: [after] })
    return { code: 0, data: rows }
  },
)

fastify.post('/entries', { schema: { body: newUser, ...enveloped(object({ id: integer })) } }, async ({ body }) => {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const { rows } = await client.query({
      name: 'entry',
      text: 'INSERT INTO entries (name, age, email, city_id) VALUES ($1, $2, $3, $4) RETURNING id',
      values: [body.name, body.age, body.email, body.city_id],
    })
    await client.query('COMMIT')
    return { code: 0, data: rows[0] }
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
})

const profile = object({ id: integer, city: named, role: named })
fastify.get('/profiles/:id', { schema: { params, ...enveloped(profile) } }, async ({ params: { id } }) => {
  const [city, role] = await Promise.all([cities(`/cities/${1 + (id % 8)}`), roles(`/roles/${1 + (id % 3)}`)])
  return { code: 0, data: { id, city, role } }
})

for (const table of ['cities', 'roles']) {
  fastify.get(`/${table}/:id`, { schema: { params, ...enveloped(named) } }, async ({ params: { id } }) => ({
    code: 0,
    data: await one(table, `SELECT id, name FROM ${table} WHERE id = $1`, [id]),
  }))
}

/** The row of a prepared statement. */
async function one(name, text, values) {
  const { rows } = await pool.query({ name, text, values })
  return rows[0]
}

await fastify.listen({ host: '127.0.0.1', port: Number(PORT) })
