// Accounts and transfers: SQL of more than one statement.
import { eq } from 'drizzle-orm'
import { bigint, pgTable, text } from 'drizzle-orm/pg-core'
import { type Database, DatabaseError } from 'tricube/sql'

const accounts = pgTable('accounts', {
  owner: text().primaryKey(),
  balance: bigint({ mode: 'number' }).notNull(),
})

/** Creates the tables. A service has migrations for this. */
export async function createLedger(db: Database): Promise<void> {
  await db.script(`
    CREATE TABLE accounts (owner text PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0));
    CREATE TABLE transfers (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      source text NOT NULL REFERENCES accounts,
      target text NOT NULL REFERENCES accounts,
      amount bigint NOT NULL CHECK (amount > 0)
    );`)
}

/** Opens many accounts in one round trip, all or none. */
export async function openAccounts(db: Database, owners: readonly string[]): Promise<void> {
  await db.batch(owners)`INSERT INTO accounts (owner, balance) VALUES (${(owner) => owner}, 100)`
}

/** Moves money, and notifies listeners when the transfer is committed. */
export async function transfer(db: Database, source: string, target: string, amount: number): Promise<void> {
  await db.transaction(
    async (tx) => {
      await tx.execute`UPDATE accounts SET balance = balance - ${amount} WHERE owner = ${source}`
      await tx.execute`UPDATE accounts SET balance = balance + ${amount} WHERE owner = ${target}`
      await tx.execute`INSERT INTO transfers ${tx.values({ source, target, amount })}`
      await tx.notify('transfers', `${source} to ${target}`) // sent with the commit
    },
    { isolation: 'serializable', retries: 5 }, // after a conflict with another transfer, one of them is retried
  )
}

/** Makes all payments that are possible, and returns who was not paid. A savepoint rolls back a single payment. */
export async function payAll(
  db: Database,
  source: string,
  payments: Readonly<Record<string, number>>,
): Promise<string[]> {
  return db.transaction(async (tx) => {
    const unpaid: string[] = []
    for (const [owner, amount] of Object.entries(payments)) {
      try {
        await tx.transaction(async (savepoint) => {
          await savepoint.execute`UPDATE accounts SET balance = balance - ${amount} WHERE owner = ${source}`
          await savepoint.execute`UPDATE accounts SET balance = balance + ${amount} WHERE owner = ${owner}`
        })
      } catch (error) {
        if (!(error instanceof DatabaseError && error.constraint === 'accounts_balance_check')) throw error
        unpaid.push(owner)
      }
    }
    return unpaid
  })
}

/** Returns the sum of all transfers, with only a few rows in memory at a time. */
export async function turnover(db: Database): Promise<number> {
  let sum = 0
  for await (const { amount } of db.stream<{ amount: number }>`SELECT amount FROM transfers`) sum += amount
  return sum
}

/** Returns the richest owners. A slow statement uses no lane, and this one is cancelled after a second. */
export async function richest(db: Database, count: number): Promise<string[]> {
  const slow = db.with({ slow: true, timeoutMs: 1000 })
  const rows = await slow.many<{
    owner: string
  }>`SELECT owner FROM accounts ORDER BY balance DESC, owner LIMIT ${count}`
  return rows.map(({ owner }) => owner)
}

/** Returns a balance with Drizzle's query builder, on the same connections. */
export async function balanceOf(db: Database, owner: string): Promise<number | undefined> {
  const [row] = await db.drizzle.select({ balance: accounts.balance }).from(accounts).where(eq(accounts.owner, owner))
  return row?.balance
}
