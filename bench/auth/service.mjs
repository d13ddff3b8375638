/** A service with the same operation twice: public, and for users. It reports its CPU time when it is asked. */
import { contract, service, t } from '../../dist/index.js'
import { jwt } from '../../dist/auth/index.js'

const returns = t.Object({ id: t.Integer(), name: t.String() })
const users = contract('user-service', {
  open: { route: 'GET /open/:id', params: { id: t.Integer() }, auth: 'public', returns },
  mine: { route: 'GET /mine/:id', params: { id: t.Integer() }, auth: 'user', scopes: ['users:read'], returns },
})
const handler = ({ params }) => ({ id: params.id, name: 'Li Lei' })

const app = service(users, {
  admission: false,
  auth: { user: jwt({ issuer: 'https://id.example.com', keys: [JSON.parse(process.env.PUBLIC_KEY)] }) },
  handlers: { open: handler, mine: handler },
})
const { url } = await app.listen()
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send({ cpuUs: user + system })
})
process.on('disconnect', () => process.exit())
process.send({ url })
