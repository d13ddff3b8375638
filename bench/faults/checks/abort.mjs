// Callers hang up on statements and transactions: nothing of them is left, in the process or in PostgreSQL.
import { readdirSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { startPostgres } from 'tricube/testing'
import { startChild } from '../lib/child.mjs'
import { after, percentile } from '../lib/load.mjs'

export const number = 11
export const title = 'callers hang up on statements'

const hangUps = 10_000
const file = fileURLToPath(new URL('../drain/abort.mjs', import.meta.url))

export async function run() {
  const postgres = await startPostgres()
  const database = new pg.Client(postgres.url())
  await database.connect()
  const instance = await startChild(file, { env: { DATABASE_URL: postgres.url() } })
  try {
    const url = `http://${instance.address}`
    const cancelled = percentile(await cancellations(database, url), 90)
    const before = openFiles(instance.child)
    await many(url)
    const hasEnded = await until(async () => (await busy(database)) === 0 && (await inFlight(url)) === 0)
    const { pool } = await statsOf(instance)
    const lost = pool.size - pool.idle + pool.waiting
    const responses = await Promise.all(Array.from({ length: 100 }, () => fetch(`${url}/ping`)))
    const well = responses.filter(({ ok }) => ok).length
    const more = openFiles(instance.child) - before
    return [
      ['a statement is gone from PostgreSQL after, p90', `${cancelled.toFixed(1)} ms`, '100 ms', cancelled <= 100],
      [`after ${hangUps} such all have ended`, hasEnded ? 'yes' : 'no', 'yes', hasEnded],
      ['connections of the pool that were lost', String(lost), '0', lost === 0],
      ['of 100 calls afterwards, responses', String(well), '100', well === 100],
      ['more open files than before', String(more), 'at most 200', more <= 200],
    ]
  } finally {
    await instance.kill()
    await database.end()
    await postgres.stop()
  }
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
  const call = get(url, { agent }, (response) => response.resume().on('error', () => {}))
  return call.on('error', () => {})
}

async function statsOf(instance) {
  const told = new Promise((resolve) => (instance.onMessage = resolve))
  instance.tell('stats')
  return (await told).stats
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
