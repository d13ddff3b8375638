// tricube's queue, in a process of its own.
import { contract, jobs, service, t } from 'tricube'

const input = t.Object({ n: t.Integer() })
const workJobs = jobs({
  plain: { input, transaction: false },
  writes: { input },
})
const workService = contract('work-service', {
  add: { route: 'POST /jobs', body: input, returns: t.Null() },
})

/** Starts a service that runs jobs, and calls `done` after each. */
export async function start({ url, done, concurrency, runs = true }) {
  process.env.DATABASE_URL = url
  process.env.LOG_LEVEL = 'silent'
  process.env.PORT = '0'
  process.env.RUN_JOBS = String(runs)
  let db
  const app = service(workService, {
    models: {},
    queue: { concurrency },
    jobs: workJobs,
    jobHandlers: {
      plain: ({ input: { n } }) => done(n),
      async writes({ input: { n }, db: tx }) {
        await tx.execute`INSERT INTO written (n) VALUES (${n})`
        done(n)
      },
    },
    handlers: { add: async () => null },
    hooks: { beforeStart: (application) => void (db = application.db) },
  })
  await app.listen()
  return { add: (n) => db.enqueue(workJobs.plain, { n }), close: () => app.close() }
}

/** Makes the tables, and stores so many jobs. */
export async function fill({ url, count, writes, pool }) {
  const starting = await start({ url, done: () => {}, concurrency: 1, runs: false })
  await starting.close()
  await pool.query(
    `INSERT INTO tricube.jobs (name, input, priority, run_at)
     SELECT $2, json_build_object('n', n)::text, 1, now() FROM generate_series(1, $1::int) AS n`,
    [count, writes ? 'writes' : 'plain'],
  )
}

/** How many are left. */
export const left = async (pool) => Number((await pool.query('SELECT count(*) FROM tricube.jobs')).rows[0].count)
