// BullMQ on Redis, in a process of its own.
import { Queue, Worker } from 'bullmq'
import pg from 'pg'

const connectionOf = (redis) => ({ host: '127.0.0.1', port: redis, maxRetriesPerRequest: null })
const options = { removeOnComplete: true }

/** Starts a worker, and calls `done` after each job. */
export async function start({ url, redis, done, concurrency, writes }) {
  const pool = new pg.Pool({ connectionString: url, max: concurrency })
  const worker = new Worker(
    'work',
    async ({ data: { n } }) => {
      if (writes) await pool.query('INSERT INTO written (n) VALUES ($1)', [n])
      done(n)
    },
    { connection: connectionOf(redis), concurrency },
  )
  const queue = new Queue('work', { connection: connectionOf(redis) })
  await worker.waitUntilReady()
  return {
    add: (n) => queue.add('plain', { n }, options),
    async close() {
      await worker.close()
      await queue.close()
      await pool.end()
    },
  }
}

/** Stores so many jobs. */
export async function fill({ redis, count }) {
  const queue = new Queue('work', { connection: connectionOf(redis) })
  await queue.obliterate({ force: true })
  for (let n = 1; n <= count; n += 1000) {
    await queue.addBulk(Array.from({ length: 1000 }, (_, i) => ({ name: 'plain', data: { n: n + i }, opts: options })))
  }
  await queue.close()
}

export async function left(_, redis) {
  const queue = new Queue('work', { connection: connectionOf(redis) })
  const count = await queue.count()
  await queue.close()
  return count
}
