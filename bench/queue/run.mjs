/**
 * The queue beside graphile-worker and BullMQ: jobs a second, and the CPU time of Node and of the servers for each job.
 *
 *   npm --prefix bench/queue ci && npm --prefix bench/queue start          all of it: about five minutes
 *   npm --prefix bench/queue start -- --jobs 5000 --only tricube           less of it
 *
 *   npm --prefix bench/queue start -- --jobs 0                     the latencies alone
 *
 * Needs a redis-server, see https://redis.io, and a nats-server, see https://nats.io. Contestants take turns, so that a machine that is busy for a while treats
 * them alike, and the median of the rounds counts.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { startPostgres } from 'tricube/testing'
import { measureLatency } from './latency.mjs'
import { cpuOf, startRedis } from './servers.mjs'

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
  },
})
const count = Number(values.jobs)
const contestants = [
  { name: 'tricube', peer: 'tricube', concurrency: 10 },
  { name: 'graphile-worker', peer: 'graphile', concurrency: 10 },
  { name: 'graphile-worker, local queue and batches', peer: 'graphile', concurrency: 24, batches: true },
  { name: 'BullMQ on Redis', peer: 'bullmq', concurrency: 10 },
].filter(({ name }) => !values.only || name.startsWith(values.only))
const scenarios = [
  { what: 'nothing', writes: false, isHeld: false },
  { what: 'an INSERT', writes: true, isHeld: false },
  { what: 'nothing, beside an open transaction', writes: false, isHeld: true },
  { what: 'an INSERT, beside an open transaction', writes: true, isHeld: true },
]

const file = fileURLToPath(new URL('worker.mjs', import.meta.url))
const folder = await mkdtemp(join(tmpdir(), 'tricube-queue-'))
const redis = await startRedis(folder)
const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), settings: { max_connections: 200 } })
let databases = 0
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]

try {
  console.log('| a job does | | jobs/s | Node, µs a job | servers, µs a job |\n|---|---|---|---|---|')
  for (const scenario of count > 0 ? scenarios : []) {
    const results = new Map(contestants.map(({ name }) => [name, []]))
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const contestant of contestants) results.get(contestant.name).push(await measure(contestant, scenario))
    }
    for (const [name, all] of results) {
      const [rate, node, server] = ['rate', 'node', 'server'].map((key) =>
        Math.round(median(all.map((one) => one[key]))),
      )
      console.log(`| ${scenario.what} | ${name} | ${rate} | ${node} | ${server} |`)
    }
  }
  await measureLatency({ contestants, folder, redis, freshDatabase, workerOf })
} finally {
  redis.stop()
  await postgres.stop()
  await rm(folder, { recursive: true, force: true })
}

async function freshDatabase() {
  const url = await postgres.createDatabase(`queue_${process.pid}_${databases++}`)
  const pool = new pg.Pool({ connectionString: url, max: 3 })
  pool.on('error', () => {})
  await pool.query('CREATE TABLE written (n int)')
  return { url, pool, [Symbol.asyncDispose]: () => pool.end() }
}

async function measure(contestant, { writes, isHeld }) {
  const { url, pool, ...own } = await freshDatabase()
  const { fill, left } = await import(`./${contestant.peer}.mjs`)
  const options = { ...contestant, url, redis: redis.port, count, writes }
  await fill({ ...options, pool })
  const holder = isHeld ? await pool.connect() : undefined
  // It has a transaction number and a snapshot: nothing that is deleted from now on can be cleaned up.
  await holder?.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pg_current_xact_id()')
  const worker = workerOf(options)
  await worker.warm
  const before = cpuOf(postgres.pid) + cpuOf(redis.pid)
  const { ms, cpuMs, measured } = await worker.result
  while ((await left(pool, redis.port)) > 0) await new Promise((resolve) => setTimeout(resolve, 20))
  const servers = cpuOf(postgres.pid) + cpuOf(redis.pid) - before
  await worker.stop()
  await holder?.query('ROLLBACK')
  holder?.release()
  await own[Symbol.asyncDispose]()
  return { rate: (measured / ms) * 1000, node: (cpuMs / measured) * 1000, server: (servers / measured) * 1000 }
}

/** Starts a process that runs jobs. */
function workerOf(options) {
  const child = fork(file, [JSON.stringify(options)], {
    execArgv: (process.env.BENCH_NODE_FLAGS ?? '').split(' ').filter(Boolean),
  })
  const handled = new Map()
  let onResult
  let onStarted
  let onWarm
  const warm = new Promise((resolve) => (onWarm = resolve))
  const started = new Promise((resolve) => (onStarted = resolve))
  const result = new Promise((resolve) => (onResult = resolve))
  child.on('message', (message) => {
    if (message.started) onStarted()
    if (message.warm) onWarm()
    if (message.ms) onResult(message)
    if (message.handled) handled.get(message.handled)?.(message.at)
  })
  return {
    started,
    warm,
    result,
    add: (n) => child.send({ add: n }),
    handled: (n) => new Promise((resolve) => handled.set(n, resolve)),
    async stop() {
      const ended = once(child, 'exit')
      child.send({ stop: true })
      await ended
    },
  }
}
