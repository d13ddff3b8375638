/** One contender, in a process of its own: warms up, measures, prints JSON. */
const url = process.env.DATABASE_URL
const statements = Number(process.env.STATEMENTS)
const callers = 64
const text = 'SELECT id, name, age, city_id, role_id, create_time FROM bench_users WHERE id = $1'

const contenders = {
  'tricube, 2 lanes': () => tricube({ lanes: 2 }),
  'tricube, 1 lane': () => tricube({ lanes: 1 }),
  'tricube, pool of 16': () => tricube({ lanes: 0, pool: 16 }),
  'pg, pool of 16': async () => {
    const { default: pg } = await import('pg')
    const pool = new pg.Pool({ connectionString: url, max: 16 })
    return [(id) => pool.query({ name: 'user', text, values: [id] }).then(({ rows }) => rows[0]), () => pool.end()]
  },
  'pg, pipelined': async () => {
    const { default: pg } = await import('pg')
    const client = new pg.Client({ connectionString: url, pipeline: true })
    await client.connect()
    return [(id) => client.query({ name: 'user', text, values: [id] }).then(({ rows }) => rows[0]), () => client.end()]
  },
  'postgres.js, 16 connections': async () => {
    const { default: postgres } = await import('postgres')
    const sql = postgres(url, { max: 16 })
    const one = (id) => sql`SELECT id, name, age, city_id, role_id, create_time FROM bench_users WHERE id = ${id}`
    return [(id) => one(id).then(([row]) => row), () => sql.end()]
  },
}

async function tricube(options) {
  const { database } = await import('tricube/sql')
  const db = await database({ url, ...options })
  const one = (id) => db.one`SELECT id, name, age, city_id, role_id, create_time FROM bench_users WHERE id = ${id}`
  return [one, () => db.close()]
}

const [one, close] = await contenders[process.argv[2]]()
const row = await one(7)
if (row.id !== 7 || row.name !== 'user 7') throw new Error(`not the row: ${JSON.stringify(row)}`)
await measure(Math.round(statements / 3))
process.stdout.write(JSON.stringify(await measure(statements)))
await close()

async function measure(count) {
  let left = count
  const caller = async () => {
    while (left-- > 0) await one(1 + (left % 1000))
  }
  const cpu = process.cpuUsage()
  const started = performance.now()
  await Promise.all(Array.from({ length: callers }, caller))
  const seconds = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(cpu)
  return { cpuUs: (user + system) / count, perSecond: count / seconds }
}
