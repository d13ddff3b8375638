/** Hono on @hono/node-server, zod as its validator, pg's pool. */
import { serve } from '@hono/node-server'
import { zValidator } from '@hono/zod-validator'
import { Hono } from 'hono'
import { findProfile } from './callees.mjs'
import { addEntry, findAccount, findNamed, listAccounts } from './store.mjs'
import { after, byId, newUser } from './zod.mjs'

const param = zValidator('param', byId)
const query = zValidator('query', after)
const json = zValidator('json', newUser)
const app = new Hono()

app.get('/users/:id', param, (c) => {
  const { id } = c.req.valid('param')
  return c.json({ code: 0, data: { id, name: `user ${id}` } })
})
app.post('/users', json, (c) => c.json({ code: 0, data: c.req.valid('json') }))
app.get('/accounts/:id', param, async (c) => c.json({ code: 0, data: await findAccount(c.req.valid('param').id) }))
app.get('/accounts', query, async (c) => c.json({ code: 0, data: await listAccounts(c.req.valid('query').after) }))
app.post('/entries', json, async (c) => c.json({ code: 0, data: await addEntry(c.req.valid('json')) }))
app.get('/profiles/:id', param, async (c) => c.json({ code: 0, data: await findProfile(c.req.valid('param').id) }))
for (const table of ['cities', 'roles']) {
  app.get(`/${table}/:id`, param, async (c) =>
    c.json({ code: 0, data: await findNamed(table, c.req.valid('param').id) }),
  )
}

serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env.PORT) })
