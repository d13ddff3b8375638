// graphile-worker, in a process of its own: as it comes, or with its local queue and batches.
import { Logger, makeWorkerUtils, run } from 'graphile-worker'

const logger = new Logger(() => () => {})
const batching = { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 }

/** Starts a worker, and calls `done` after each job. */
export async function start({ url, done, concurrency, batches }) {
  const worker = { connectionString: url, concurrentJobs: concurrency, maxPoolSize: concurrency + 2 }
  const runner = await run({
    preset: { worker: { ...worker, ...(batches && batching), logger } },
    noHandleSignals: true,
    taskList: {
      plain: async ({ n }) => done(n),
      writes: async ({ n }, { withPgClient }) => {
        await withPgClient((client) => client.query('INSERT INTO written (n) VALUES ($1)', [n]))
        done(n)
      },
    },
  })
  return { add: (n) => runner.addJob('plain', { n }), close: () => runner.stop() }
}

/** Makes the tables, and stores so many jobs. */
export async function fill({ url, count, writes, pool }) {
  const utils = await makeWorkerUtils({ connectionString: url, logger })
  await utils.migrate()
  await utils.release()
  await pool.query(
    `SELECT graphile_worker.add_jobs(array(
       SELECT ($2, json_build_object('n', n), NULL, NULL, NULL, NULL, NULL, NULL)::graphile_worker.job_spec
       FROM generate_series(1, $1::int) AS n))`,
    [count, writes ? 'writes' : 'plain'],
  )
}

/** How many are left. */
export const left = async (pool) =>
  Number((await pool.query('SELECT count(*) FROM graphile_worker._private_jobs')).rows[0].count)
