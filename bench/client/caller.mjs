// One contender, in a process of its own: warms up, then makes as many calls as it is told to, and says what they cost.
const ports = process.env.SERVER_PORTS.split(',')
const callers = 64

const contenders = {
  /** What a call cannot do without: the request and its parsed answer. */
  async undici() {
    const { Pool } = await import('undici')
    const pool = new Pool(`http://127.0.0.1:${ports[0]}`, { connections: 128 })
    const headers = { accept: 'application/json' }
    return async (id) => {
      const { statusCode, body } = await pool.request({ method: 'GET', path: `/users/${id}`, headers })
      if (statusCode !== 200) throw new Error(`answered ${statusCode}`)
      return (await body.json()).data
    }
  },

  /** The whole path: budget, breaker, balancer, deadline, headers, typed value. */
  async tricube() {
    const { contract, t } = await import('tricube')
    const { client } = await import('tricube/client')
    const { staticRegistry } = await import('tricube/discovery')
    const City = t.Object({ id: t.Integer(), name: t.String() })
    const User = t.Object({ id: t.Integer(), name: t.String(), age: t.Integer(), city: City })
    const userService = contract('user-service', {
      getUser: { route: 'GET /users/:id', params: { id: t.Integer() }, returns: User },
    })
    const registry = staticRegistry({ 'user-service': ports.map((port) => `127.0.0.1:${port}`) })
    const users = client(userService, { registry })
    return (id) => users.getUser({ params: { id } })
  },
}

const call = await contenders[process.argv[2]]()
if ((await call(7)).city.name !== 'Shanghai') throw new Error('not the answer')
process.on('message', async (count) => process.send(await measure(count)))
process.send('ready')

async function measure(count) {
  let left = count
  const caller = async () => {
    while (left-- > 0) await call(left % 1000)
  }
  const cpu = process.cpuUsage()
  await Promise.all(Array.from({ length: callers }, caller))
  const { user, system } = process.cpuUsage(cpu)
  return (user + system) / count
}
