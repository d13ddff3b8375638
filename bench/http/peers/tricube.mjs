/** tricube: three services, of which SERVICE names the one to start; how much is on says the environment. */
import { contract, service, t } from 'tricube'

const Named = t.Object({ id: t.Integer(), name: t.String() })
const NewUser = t.Object({
  name: t.String({ minLength: 1, maxLength: 64 }),
  age: t.Integer({ minimum: 0, maximum: 150 }),
  email: t.String({ maxLength: 254, pattern: '^[^@\\s]+@[^@\\s]+$' }),
  city_id: t.Integer({ minimum: 1 }),
})
const Account = t.Object({
  id: t.Integer(),
  name: t.String(),
  age: t.Integer(),
  email: t.String(),
  city_id: t.Integer(),
  create_time: t.String(),
})
const params = { id: t.Integer() }

const contracts = {
  users: contract('users', {
    hello: { route: 'GET /users/:id', params, returns: Named },
    create: { route: 'POST /users', body: NewUser, returns: NewUser },
    read: { route: 'GET /accounts/:id', params, returns: Account },
    list: { route: 'GET /accounts', query: { after: t.Integer() }, returns: t.Array(Account) },
    write: { route: 'POST /entries', body: NewUser, returns: t.Object({ id: t.Integer() }) },
    compose: { route: 'GET /profiles/:id', params, returns: t.Object({ id: t.Integer(), city: Named, role: Named }) },
  }),
  cities: contract('cities', { getCity: { route: 'GET /cities/:id', params, returns: Named } }),
  roles: contract('roles', { getRole: { route: 'GET /roles/:id', params, returns: Named } }),
}

const hasDatabase = process.env.DATABASE_URL !== undefined
const handlers = {
  users: {
    hello: ({ params: { id } }) => ({ id, name: `user ${id}` }),
    create: ({ body }) => body,
    read: ({ params, db }) =>
      db.one`SELECT id, name, age, email, city_id, create_time FROM accounts WHERE id = ${params.id}`,
    list: ({ query, db }) =>
      db.many`SELECT id, name, age, email, city_id, create_time FROM accounts WHERE id > ${query.after} ORDER BY id LIMIT 20`,
    write: ({ body, db }) => db.transaction((tx) => tx.one`INSERT INTO entries ${tx.values(body)} RETURNING id`),
    async compose({ params: { id }, clients: { cities, roles } }) {
      const [city, role] = await Promise.all([
        cities.getCity({ params: { id: 1 + (id % 8) } }),
        roles.getRole({ params: { id: 1 + (id % 3) } }),
      ])
      return { id, city, role }
    },
  },
  // Without a database, `db` may not even be named.
  cities: {
    getCity: hasDatabase
      ? ({ params, db }) => db.one`SELECT id, name FROM cities WHERE id = ${params.id}`
      : ({ params: { id } }) => ({ id, name: `city ${id}` }),
  },
  roles: {
    getRole: hasDatabase
      ? ({ params, db }) => db.one`SELECT id, name FROM roles WHERE id = ${params.id}`
      : ({ params: { id } }) => ({ id, name: `role ${id}` }),
  },
}

const name = process.env.SERVICE
const app = service(contracts[name], {
  handlers: handlers[name],
  clients: name === 'users' ? { cities: contracts.cities, roles: contracts.roles } : {},
  // As where `@opentelemetry/api` is not installed. Here it is, for the sake of others.
  trace: { opentelemetry: false },
})
await app.listen()
process.once('SIGTERM', () => app.close())
