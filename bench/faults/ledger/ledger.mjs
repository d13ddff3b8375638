// A ledger under load: its tables, its service, and requests to it.
import { fileURLToPath } from 'node:url'
import { database } from 'tricube/sql'
import { callerOf, succeeding } from '../lib/caller.mjs'
import { startChild } from '../lib/child.mjs'

const file = fileURLToPath(new URL('service.mjs', import.meta.url))
const accounts = 200

/** What all accounts hold together, always. */
export const total = accounts * 1000

/** Makes the tables. */
export async function createLedger(url) {
  const db = database({ url })
  await db.script(`
    CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL);
    INSERT INTO accounts SELECT i, 1000 FROM generate_series(0, ${accounts - 1}) i;
    CREATE TABLE transfers (id int PRIMARY KEY);`)
  await db.close()
}

/** Starts the service on this database. */
export const startLedger = (url) => startChild(file, { env: { DATABASE_URL: url } })

/** Requests to a ledger; each resolves to its `{ status, body }`. */
export function ledgerAt(address) {
  const { send, close } = callerOf(address)
  return {
    send,
    close,
    balance: (n) => send('GET', `/accounts/${n % accounts}`),
    transfer: (id) =>
      send('POST', '/transfers', { id, source: id % accounts, target: (id * 7 + 3) % accounts, amount: 1 }),
  }
}

/** The sum of all accounts, and which of these transfers are not there. */
export async function auditLedger(url, acknowledged) {
  const db = database({ url })
  const rows = await db.many`SELECT id FROM transfers`
  const sum = await db.value`SELECT sum(balance)::int FROM accounts`
  await db.close()
  const stored = new Set(rows.map(({ id }) => id))
  return { sum, lost: acknowledged.filter((id) => !stored.has(id)).length }
}

/** A third of what the ledger can do on this machine, and at most 100 a second: a disk may be slow. */
export async function affordableRate(ledger) {
  const seconds = 2
  const end = performance.now() + seconds * 1000
  let done = 0
  const one = async (_, worker) => {
    for (let n = 1; performance.now() < end; n++, done++) await succeeding(ledger.transfer(1_000_000 + n * 8 + worker))
  }
  await Promise.all(Array.from({ length: 8 }, one))
  return Math.min(100, Math.max(5, Math.round(done / seconds / 3)))
}
