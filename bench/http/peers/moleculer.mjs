/**
 * Moleculer: users, cities and roles are a node each, behind a gateway; nodes find and call one another over TCP, as its
 * documentation has it for clusters whose addresses are known.
 */
import { ServiceBroker } from 'moleculer'
import ApiGateway from 'moleculer-web'
import { addEntry, findAccount, findNamed, listAccounts } from './store.mjs'

const { PORT, SERVICE, CITIES_URL, ROLES_URL } = process.env
const callees = Object.entries({ cities: CITIES_URL, roles: ROLES_URL }).filter(([, url]) => url)

const integer = { type: 'number', integer: true, convert: true }
const byId = { id: integer }
const newUser = {
  name: { type: 'string', min: 1, max: 64 },
  age: { type: 'number', integer: true, min: 0, max: 150 },
  email: { type: 'string', max: 254, pattern: /^[^@\s]+@[^@\s]+$/ },
  city_id: { type: 'number', integer: true, min: 1 },
}

const services = {
  users: {
    name: 'users',
    actions: {
      hello: { rest: 'GET /users/:id', params: byId, handler: ({ params: { id } }) => ({ id, name: `user ${id}` }) },
      create: { rest: 'POST /users', params: newUser, handler: ({ params }) => params },
      read: { rest: 'GET /accounts/:id', params: byId, handler: ({ params }) => findAccount(params.id) },
      list: { rest: 'GET /accounts', params: { after: integer }, handler: ({ params }) => listAccounts(params.after) },
      write: { rest: 'POST /entries', params: newUser, handler: ({ params }) => addEntry(params) },
      compose: {
        rest: 'GET /profiles/:id',
        params: byId,
        async handler(ctx) {
          const { id } = ctx.params
          const [city, role] = await Promise.all([
            ctx.call('cities.get', { id: 1 + (id % 8) }),
            ctx.call('roles.get', { id: 1 + (id % 3) }),
          ])
          return { id, city, role }
        },
      },
    },
  },
  cities: named('cities'),
  roles: named('roles'),
}

function named(table) {
  const get = { rest: `GET /${table}/:id`, params: byId, handler: ({ params }) => findNamed(table, params.id) }
  return { name: table, actions: { get } }
}

const gateway = {
  name: 'api',
  mixins: [ApiGateway],
  settings: {
    ip: '127.0.0.1',
    port: Number(PORT),
    routes: [
      {
        path: '/',
        bodyParsers: { json: true },
        mergeParams: true,
        aliases: Object.fromEntries(
          Object.entries(services[SERVICE].actions).map(([name, { rest }]) => [rest, `${SERVICE}.${name}`]),
        ),
        onAfterCall: (_ctx, _route, _request, _response, data) => ({ code: 0, data }),
      },
    ],
  },
}

/** Where a node listens for others: beside its gateway's port. */
const nodePort = (url) => Number(new URL(url).port) - 20_000

const broker = new ServiceBroker({
  nodeID: SERVICE,
  logger: false,
  transporter: {
    type: 'TCP',
    options: {
      udpDiscovery: false,
      port: nodePort(`http://127.0.0.1:${PORT}`),
      urls: callees.map(([name, url]) => `tcp://127.0.0.1:${nodePort(url)}/${name}`),
    },
  },
  created(broker) {
    broker.registry.nodes.localNode.hostname = '127.0.0.1' // what it tells the others to call
  },
})
broker.createService(services[SERVICE])
await broker.start()
await broker.waitForServices(callees.map(([name]) => name))
broker.createService(gateway)
