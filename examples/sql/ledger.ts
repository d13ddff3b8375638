// Accounts and transfers: what a service does with SQL that is more than one statement.
import { eq } from 'drizzle-orm'
import { bigint, pgTable, text } from 'drizzle-orm/pg-core'
import { type Database, DatabaseError } from 'tricube/sql'

const accounts = pgTable('accounts', {
  owner: text().primaryKey(),
  balance: bigint({ mode: 'number' }).notNull(),
})

/** Makes the tables. A service has migrations for this. */
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

/** Many rows in one round trip: all of them or none. */
export async function openAccounts(db: Database, owners: readonly string[]): Promise<void> {
  await db.batch(owners)`INSERT INTO accounts (owner, balance) VALUES (${(owner) => owner}, 100)`
}

/** Moves money, and tells those who listen once it has moved. */
export async function transfer(db: Database, source: string, target: string, amount: number): Promise<void> {
  await db.transaction(
    async (tx) => {
      await tx.execute`UPDATE accounts SET balance = balance - ${amount} WHERE owner = ${source}`
      await tx.execute`UPDATE accounts SET balance = balance + ${amount} WHERE owner = ${target}`
      await tx.execute`INSERT INTO transfers ${tx.values({ source, target, amount })}`
      await tx.notify('transfers', `${source} to ${target}`) // sent when this commits
    },
    { isolation: 'serializable', retries: 5 }, // two that get in each other's way: one of them is run again
  )
}

/** Pays everybody who can be paid: a savepoint takes back one payment and leaves the others. */
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

/** Reads every transfer, however many there are, and never holds more than a few. */
export async function turnover(db: Database): Promise<number> {
  let sum = 0
  for await (const { amount } of db.stream<{ amount: number }>`SELECT amount FROM transfers`) sum += amount
  return sum
}

/** A report that may take its time: not on a lane, and not longer than a second. */
export async function richest(db: Database, count: number): Promise<string[]> {
  const slow = db.with({ slow: true, timeoutMs: 1000 })
  const rows = await slow.many<{
    owner: string
  }>`SELECT owner FROM accounts ORDER BY balance DESC, owner LIMIT ${count}`
  return rows.map(({ owner }) => owner)
}

/** The same tables through Drizzle's query builder, on the same connections. */
export async function balanceOf(db: Database, owner: string): Promise<number | undefined> {
  const [row] = await db.drizzle.select({ balance: accounts.balance }).from(accounts).where(eq(accounts.owner, owner))
  return row?.balance
}
