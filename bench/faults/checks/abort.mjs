// Callers hang up, by the thousand, over sockets and with a PostgreSQL: everything that was done for them ends.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { fileURLToPath } from 'node:url'
import { startPostgres } from 'tricube/testing'
import pg from 'pg'
import { after, percentile } from '../calls/load.mjs'

export const number = 11
export const title = 'the caller hangs up'

const hangUps = 10_000
const file = fileURLToPath(new URL('../drain/abort.mjs', import.meta.url))

export async function run() {
  const postgres = await startPostgres()
  const database = new pg.Client(postgres.url())
  await database.connect()
  const env = { ...process.env, LOG_LEVEL: 'silent', NODE_ENV: 'production', DATABASE_URL: postgres.url() }
  const child = fork(file, { env })
  try {
    const { url } = await told(child, 'url')
    const heard = await signals(child, url)
    const cancelled = await cancellations(database, url)
    const before = openFiles(child)
    await many(url)
    const left = await until(async () => (await busy(database)) === 0 && (await inFlight(url)) === 0)
    const stats = told(child, 'stats')
    child.send('stats')
    const { pool } = (await stats).stats
    const lost = pool.size - pool.idle + pool.waiting
    const answers = await Promise.all(Array.from({ length: 100 }, () => fetch(`${url}/ping`)))
    const well = answers.filter(({ ok }) => ok).length
    const more = openFiles(child) - before
    const signal = percentile(heard, 99)
    const cancel = percentile(cancelled, 90)
    return [
      ['the handler hears it after, p99', `${signal.toFixed(1)} ms`, '50 ms', signal <= 50],
      ['its statement is gone from PostgreSQL after, p90', `${cancel.toFixed(1)} ms`, '100 ms', cancel <= 100],
      [`after ${hangUps} more all requests and statements have ended`, left ? 'yes' : 'no', 'yes', left],
      ['connections of the pool that were lost', String(lost), '0', lost === 0],
      ['calls of 100 that are answered then', String(well), '100', well === 100],
      ['more open files than before', String(more), 'at most 200', more <= 200],
    ]
  } finally {
    child.kill('SIGKILL')
    await database.end()
    await postgres.stop()
  }
}

/** Hangs up on a handler that waits for its signal, one at a time. */
async function signals(child, url) {
  const late = []
  for (let n = 0; n < 200; n++) {
    const runs = told(child, 'runs')
    const call = begin(`${url}/wait`)
    await runs
    const heard = told(child, 'heardAt')
    const from = performance.timeOrigin + performance.now()
    call.destroy()
    late.push({ ms: (await heard).heardAt - from })
  }
  return late
}

/** Hangs up on a statement that runs, in a transaction and alone. */
async function cancellations(database, url) {
  const late = []
  for (let n = 0; n < 100; n++) {
    const call = begin(`${url}/${n % 2 ? 'statement' : 'transaction'}`)
    await until(async () => (await busy(database)) === 1)
    const from = performance.now()
    call.destroy()
    await until(async () => (await busy(database)) === 0)
    late.push({ ms: performance.now() - from })
  }
  return late
}

/** Hangs up on a hundred at a time, at any moment of their lives. */
async function many(url) {
  const paths = ['statement', 'transaction', 'ping', 'statement']
  for (let n = 0; n < hangUps; n += 100) {
    const calls = Array.from({ length: 100 }, (_, i) => begin(`${url}/${paths[i % paths.length]}`))
    await after(Math.random() * 20)
    for (const call of calls) call.destroy()
  }
}

const agent = new Agent({ keepAlive: false })

function begin(url) {
  const call = get(url, { agent }, (answer) => answer.resume().on('error', () => {}))
  return call.on('error', () => {})
}

/** The next message that has this. */
async function told(child, what) {
  for (;;) {
    const [message] = await once(child, 'message')
    if (what in message) return message
  }
}

/** Statements of the service, or transactions that it has left open. */
async function busy(database) {
  const text = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'sleep-service' AND state <> 'idle'`
  return (await database.query(text)).rows[0].n
}

async function inFlight(url) {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(/^http_server_active_requests (\d+)$/m.exec(text)[1]) - 1
}

async function until(holds) {
  const from = performance.now()
  while (performance.now() - from < 20_000) {
    if (await holds()) return true
    await after(1)
  }
  return false
}

function openFiles({ pid }) {
  return readdirSync(`/proc/${pid}/fd`).length
}
