/** A migration under load: statements run on while another process changes their tables. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Database, database } from 'tricube/sql'
import { expect, test } from 'vitest'
import { directUrl, freshDatabase } from '../freshDatabase.ts'

interface Order {
  readonly id: number
  readonly amount: number
  readonly mood: string
}

/** Each in one transaction, as `tricube migrate` runs them; the enum as `tricube migrate generate` writes it. */
const migrations = [
  'ALTER TABLE "orders" ALTER COLUMN "amount" SET DATA TYPE bigint;',
  `ALTER TABLE "orders" ALTER COLUMN "mood" SET DATA TYPE text;
   DROP TYPE "mood";
   CREATE TYPE "mood" AS ENUM('ok', 'glad');
   ALTER TABLE "orders" ALTER COLUMN "mood" SET DATA TYPE "mood" USING "mood"::"mood";`,
]

async function migrateElsewhere(url: string, text: string): Promise<void> {
  const script = `
    const { Client } = require('pg')
    const client = new Client({ connectionString: process.argv[1] })
    client.connect().then(() => client.query(process.argv[2])).then(() => client.end())`
  const cwd = fileURLToPath(new URL('../../..', import.meta.url))
  await promisify(execFile)(process.execPath, ['-e', script, url, `BEGIN; ${text} COMMIT`], { cwd })
}

const insert = (on: Pick<Database, 'execute'>, { id, amount, mood }: Order) =>
  on.execute`INSERT INTO orders (id, amount, mood) VALUES (${id}, ${amount}, ${mood})`
const find = (on: Pick<Database, 'one'>, { id, amount, mood }: Order) =>
  on.one<Order>`SELECT id, amount, mood FROM orders WHERE id = ${id} AND amount = ${amount} AND mood = ${mood}`

test('a rolling deploy with a migration fails no statement and stores only right values', async () => {
  await using fresh = await freshDatabase(`
    CREATE TYPE mood AS ENUM ('ok', 'sad'); CREATE TABLE orders (id int PRIMARY KEY, amount int, mood mood)`)
  await using old = database({ url: fresh.url, lanes: 2, pool: 4 })
  // A transaction is begun again for its first statement; what an earlier one has done cannot be, so each has one here.
  const ways: readonly ((db: Database, order: Order) => Promise<unknown>)[] = [
    (db, order) => insert(db, order).then(() => find(db, order)),
    (db, order) => insert(db.with({ slow: true }), order).then(() => find(db.with({ slow: true }), order)),
    (db, order) => db.transaction((tx) => insert(tx, order)).then(() => db.transaction((tx) => find(tx, order))),
  ]
  const sent: Order[] = []
  const underWay: Promise<unknown>[] = []
  const place = (db: Database, amount: number, mood: string): void => {
    const order = { id: sent.length, amount, mood }
    sent.push(order)
    underWay.push(ways[order.id % 3]!(db, order))
  }
  const load = setInterval(() => place(old, sent.length, 'ok'), 1000 / 30)
  try {
    const passed = async (n: number) => {
      const from = sent.length
      await expect.poll(() => sent.length, { timeout: 5000 }).toBeGreaterThanOrEqual(from + n)
    }
    await passed(20)
    await migrateElsewhere(directUrl(fresh.url), migrations[0]!)
    for (let i = 0; i < 6; i++) place(old, 5e9 + i, 'ok') // what was an int when the connections prepared it
    await passed(10)
    await migrateElsewhere(directUrl(fresh.url), migrations[1]!)
    await using next = database({ url: fresh.url, lanes: 2, pool: 4 })
    for (let i = 0; i < 12; i++) place(i % 2 ? next : old, 6e9 + i, 'glad')
    await passed(10)
    clearInterval(load)
    expect(await Promise.all(underWay)).toEqual(sent)
  } finally {
    clearInterval(load)
    await Promise.allSettled(underWay)
  }
  expect(await old.many`SELECT id, amount, mood FROM orders ORDER BY id`).toEqual(sent)
})
