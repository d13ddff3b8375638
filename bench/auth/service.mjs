/** A service with the same operation three times: public, for users and for API keys. It reports its CPU time when it is asked. */
import { contract, service, t } from '../../dist/index.js'
import { apiKeys, createApiKey, jwt } from '../../dist/auth/index.js'
import { database } from '../../dist/sql/index.js'

const returns = t.Object({ id: t.Integer(), name: t.String() })
const users = contract('user-service', {
  open: { route: 'GET /open/:id', params: { id: t.Integer() }, auth: 'public', returns },
  mine: { route: 'GET /mine/:id', params: { id: t.Integer() }, auth: 'user', scopes: ['users:read'], returns },
  keyed: { route: 'GET /keyed/:id', params: { id: t.Integer() }, auth: 'key', scopes: ['users:read'], returns },
})
const handler = ({ params }) => ({ id: params.id, name: 'Li Lei' })

const app = service(users, {
  admission: false,
  database: {},
  auth: { user: jwt({ issuer: 'https://id.example.com', keys: [JSON.parse(process.env.PUBLIC_KEY)] }), key: apiKeys() },
  handlers: { open: handler, mine: handler, keyed: handler },
})
const { url } = await app.listen()
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send({ cpuUs: user + system })
})
process.on('disconnect', () => process.exit())
const db = database({ url: process.env.DATABASE_URL })
const { key } = await createApiKey(db, { name: 'bench', owner: '7', scopes: ['users:read'] })
await db.close()
process.send({ url, key })
