/** Express with its JSON parser, zod for what comes in, pg's pool. NODE_ENV is production, as its guide says. */
import express from 'express'
import { findProfile } from './callees.mjs'
import { addEntry, findAccount, findNamed, listAccounts } from './store.mjs'
import { after, byId, newUser } from './zod.mjs'

const app = express()
app.disable('x-powered-by')
app.use(express.json())

/** Checks a part of the request, and responds with the result of `run`. */
const handler = (part, schema, run) => async (request, response) => {
  const { success, data } = schema.safeParse(request[part])
  if (!success) return response.status(400).json({ code: 40000, message: 'Bad Request' })
  response.json({ code: 0, data: await run(data) })
}

app.get(
  '/users/:id',
  handler('params', byId, ({ id }) => ({ id, name: `user ${id}` })),
)
app.post(
  '/users',
  handler('body', newUser, (user) => user),
)
app.get(
  '/accounts/:id',
  handler('params', byId, ({ id }) => findAccount(id)),
)
app.get(
  '/accounts',
  handler('query', after, (query) => listAccounts(query.after)),
)
app.post('/entries', handler('body', newUser, addEntry))
app.get(
  '/profiles/:id',
  handler('params', byId, ({ id }) => findProfile(id)),
)
for (const table of ['cities', 'roles']) {
  app.get(
    `/${table}/:id`,
    handler('params', byId, ({ id }) => findNamed(table, id)),
  )
}

app.listen(Number(process.env.PORT), '127.0.0.1')
