/** Elysia on Bun with its own schemas, its OpenTelemetry plugin and Bun's SQL client. */
import { opentelemetry } from '@elysiajs/opentelemetry'
import { ZipkinExporter } from '@opentelemetry/exporter-zipkin'
import { tracing } from '@opentelemetry/sdk-node'
import { SQL } from 'bun'
import { Elysia, t } from 'elysia'

const { PORT, DATABASE_URL, SERVICE, CITIES_URL, ROLES_URL } = process.env
const sql = DATABASE_URL ? new SQL(DATABASE_URL, { max: 10 }) : (undefined as never)
const params = t.Object({ id: t.Integer() })
const body = t.Object({
  name: t.String({ minLength: 1, maxLength: 64 }),
  age: t.Integer({ minimum: 0, maximum: 150 }),
  email: t.String({ maxLength: 254, pattern: '^[^@\\s]+@[^@\\s]+$' }),
  city_id: t.Integer({ minimum: 1 }),
})

async function get(url: string): Promise<unknown> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url} responded with ${response.status}`)
  return ((await response.json()) as { data: unknown }).data
}

new Elysia()
  .use(
    opentelemetry({
      serviceName: SERVICE,
      spanProcessors: [new tracing.BatchSpanProcessor(new ZipkinExporter())],
    }),
  )
  .get('/users/:id', ({ params: { id } }) => ({ code: 0, data: { id, name: `user ${id}` } }), { params })
  .post('/users', ({ body }) => ({ code: 0, data: body }), { body })
  .get(
    '/accounts/:id',
    async ({ params: { id } }) => {
      const [row] = await sql`SELECT id, name, age, email, city_id, create_time FROM accounts WHERE id = ${id}`
      return { code: 0, data: row }
    },
    { params },
  )
  .get(
    '/accounts',
    async ({ query: { after } }) => ({
      code: 0,
      data: await sql`
        SELECT id, name, age, email, city_id, create_time FROM accounts WHERE id > ${after} ORDER BY id LIMIT 20`,
    }),
    { query: t.Object({ after: t.Integer() }) },
  )
  .post(
    '/entries',
    async ({ body }) => {
      const [row] = await sql.begin((tx) => tx`INSERT INTO entries ${tx(body)} RETURNING id`)
      return { code: 0, data: row }
    },
    { body },
  )
  .get(
    '/profiles/:id',
    async ({ params: { id } }) => {
      const [city, role] = await Promise.all([
        get(`${CITIES_URL}/cities/${1 + (id % 8)}`),
        get(`${ROLES_URL}/roles/${1 + (id % 3)}`),
      ])
      return { code: 0, data: { id, city, role } }
    },
    { params },
  )
  .get(
    '/cities/:id',
    async ({ params: { id } }) => ({
      code: 0,
      data: sql ? (await sql`SELECT id, name FROM cities WHERE id = ${id}`)[0] : { id, name: `city ${id}` },
    }),
    { params },
  )
  .get(
    '/roles/:id',
    async ({ params: { id } }) => ({
      code: 0,
      data: sql ? (await sql`SELECT id, name FROM roles WHERE id = ${id}`)[0] : { id, name: `role ${id}` },
    }),
    { params },
  )
  .listen({ hostname: '127.0.0.1', port: Number(PORT) })
