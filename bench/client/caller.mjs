// One caller, in a process of its own: makes as many calls as it is told to, and says what they cost.
import { broker, grpcUsers, userService } from './works.mjs'

const [, , way, port] = process.argv
const callers = 64

const contenders = {
  tricube: () => tricube({}),
  'tricube-pool': () => tricube({ lanes: false }),
  undici: () => undici({ connections: 128 }),
  'undici-pipelining': () => undici({ connections: 128, pipelining: 10 }),
  async moleculer() {
    const node = await broker('caller', 40_000 + (process.pid % 20_000), [`tcp://127.0.0.1:${port}/users`])
    await node.start()
    await node.waitForServices(['users'])
    return (id) => node.call('users.get', { id })
  },
  async grpc() {
    const { grpc, Users } = await grpcUsers()
    const users = new Users(`127.0.0.1:${port}`, grpc.credentials.createInsecure())
    return (id) =>
      new Promise((resolve, reject) => {
        const deadline = Date.now() + 5000
        users.getUser({ id }, { deadline }, (error, value) => (error ? reject(error) : resolve(value)))
      })
  },
}

/** A complete call: budget, breaker, balancer, deadline, headers, typed value. */
async function tricube(options) {
  const { client } = await import('tricube/client')
  const { staticRegistry } = await import('tricube/discovery')
  const registry = staticRegistry({ 'user-service': [`127.0.0.1:${port}`] })
  const users = client(await userService(), { registry, ...options })
  return (id) => users.getUser({ params: { id } })
}

/** The least that a call needs: the request and its parsed response. */
async function undici(options) {
  const { Pool } = await import('undici')
  const pool = new Pool(`http://127.0.0.1:${port}`, options)
  const headers = { accept: 'application/json' }
  return async (id) => {
    const { statusCode, body } = await pool.request({ method: 'GET', path: `/users/${id}`, headers })
    if (statusCode !== 200) throw new Error(`responded with ${statusCode}`)
    return (await body.json()).data
  }
}

const call = await contenders[way]()
if ((await call(7)).city.name !== 'Shanghai') throw new Error('unexpected response')
process.on('message', async (count) => process.send(await measure(count)))
process.on('disconnect', () => process.exit())
process.send('ready')

async function measure(count) {
  let left = count
  const caller = async () => {
    while (left-- > 0) await call(left % 1000)
  }
  const begun = performance.now()
  const cpu = process.cpuUsage()
  await Promise.all(Array.from({ length: callers }, caller))
  const { user, system } = process.cpuUsage(cpu)
  return { us: (user + system) / count, perSecond: (count / (performance.now() - begun)) * 1000 }
}
