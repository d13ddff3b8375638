// One contender, in a process of its own: warms up, measures, prints JSON.
const ports = process.env.SERVER_PORTS.split(',')
const calls = Number(process.env.CALLS)
const callers = 64

const contenders = {
  /** What a call cannot do without: the request and its parsed answer. */
  async undici() {
    const { Pool } = await import('undici')
    const pool = new Pool(`http://127.0.0.1:${ports[0]}`, { connections: 128 })
    const headers = { accept: 'application/json' }
    const call = async (id) => {
      const { statusCode, body } = await pool.request({ method: 'GET', path: `/users/${id}`, headers })
      if (statusCode !== 200) throw new Error(`answered ${statusCode}`)
      return (await body.json()).data
    }
    return [call, () => pool.close()]
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
    return [(id) => users.getUser({ params: { id } }), () => users[Symbol.asyncDispose]()]
  },
}

const [call, close] = await contenders[process.argv[2]]()
if ((await call(7)).city.name !== 'Shanghai') throw new Error('not the answer')
await measure(calls / 3)
process.stdout.write(JSON.stringify(await measure(calls)))
await close()

async function measure(count) {
  let left = count
  const caller = async () => {
    while (left-- > 0) await call(left % 1000)
  }
  const cpu = process.cpuUsage()
  await Promise.all(Array.from({ length: callers }, caller))
  const { user, system } = process.cpuUsage(cpu)
  return { cpuUs: (user + system) / count }
}
