import { fullJitter } from '../time/backoff.ts'
import { systemClock } from '../time/clock.ts'
import { DatabaseError, type Client } from 'pg'
import { MigrationError } from './error.ts'
import type { Script } from './files.ts'
import type { Statement } from './split.ts'

/** How a script waits for locks. */
export interface LockOptions {
  /** Milliseconds that one attempt may wait in the queue of a table's lock. */
  readonly lockTimeoutMs: number
  /** Number of attempts before the script fails. */
  readonly lockAttempts: number
}

/**
 * Runs one script, and `record`, which stores that it ran.
 *
 * Both run in one transaction, so a failed script leaves nothing behind. A script marked no-transaction runs statement by
 * statement. If a lock is not available in time, the attempt ends and is retried later without holding anything. A waiting
 * attempt would block all later queries of the table.
 *
 * @throws {MigrationError} naming the file, the line and PostgreSQL's message, without SQL text or values.
 */
export async function runScript(
  client: Client,
  id: string,
  script: Script,
  locks: LockOptions,
  record: () => Promise<void>,
): Promise<void> {
  if (!script.transaction) return runStatements(client, id, script, locks, record)
  await withLockRetries(locks, async () => {
    // Settings of a file apply to that file only, also behind a pooler, where sessions are shared.
    await client.query(
      `BEGIN; ${resetSession}; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = ${locks.lockTimeoutMs}`,
    )
    try {
      for (const statement of script.statements) await runStatement(client, id, script, statement)
      await client.query(resetSession)
      await record()
      await client.query('COMMIT')
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {})
      throw error instanceof MigrationError ? error : failure(id, `${script.file}: at its end`, error)
    }
  })
}

const resetSession = 'RESET ROLE; RESET ALL'

async function runStatement(client: Client, id: string, script: Script, statement: Statement): Promise<void> {
  try {
    await client.query(statement.text)
  } catch (error) {
    throw failure(id, `${script.file}, line ${statement.line}`, error, statement)
  }
}

async function runStatements(
  client: Client,
  id: string,
  script: Script,
  locks: LockOptions,
  record: () => Promise<void>,
): Promise<void> {
  let done = 0
  await client.query(`${resetSession}; SET statement_timeout = 0`)
  try {
    for (const statement of script.statements) {
      // CONCURRENTLY takes no lock that blocks reads or writes, waits by design, and leaves an INVALID index if cancelled.
      await client.query(`SET lock_timeout = ${isConcurrent(statement) ? 0 : locks.lockTimeoutMs}`)
      await withLockRetries(locks, () => runStatement(client, id, script, statement))
      done++
    }
    const invalid = await invalidIndexes(client, script)
    if (invalid.length > 0) throw new MigrationError(`${script.file}: an index is invalid`, { migration: id })
    await client.query('RESET ROLE')
    await record()
  } catch (error) {
    if (!(error instanceof MigrationError)) throw error
    throw new MigrationError([error.message, ...(await remains(client, script, done))].join('\n'), {
      migration: id,
      cause: error.cause,
    })
  }
}

/** Describes what a script outside a transaction leaves behind when it fails after `done` statements. */
async function remains(client: Client, script: Script, done: number): Promise<string[]> {
  const invalid = await invalidIndexes(client, script).catch(() => [])
  return [
    ...(done > 0
      ? [`${done} of its ${script.statements.length} statements ran and stay applied: it is marked no-transaction`]
      : []),
    ...invalid.map((name) => `the index ${name} is INVALID: run DROP INDEX CONCURRENTLY ${name}, then migrate`),
  ]
}

/** The indexes of a script that an interrupted CREATE INDEX CONCURRENTLY left invalid. */
async function invalidIndexes(client: Client, script: Script): Promise<string[]> {
  const words = script.statements.flatMap(({ tokens }) =>
    tokens.map(({ text }) => text.replaceAll('"', '').toLowerCase()),
  )
  const { rows } = await client.query<{ name: string }>(
    `SELECT indexrelid::regclass::text AS name FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
     WHERE NOT indisvalid AND lower(relname) = ANY ($1)`,
    [words],
  )
  return rows.map(({ name }) => name)
}

function isConcurrent({ tokens }: Statement): boolean {
  return tokens.some(({ kind, text }) => kind === 'word' && text.toLowerCase() === 'concurrently')
}

const lockBackoffMs = fullJitter({ baseMs: 250, capMs: 10_000 })

async function withLockRetries(locks: LockOptions, attempt: () => Promise<void>): Promise<void> {
  for (let retry = 0; ; retry++) {
    try {
      return await attempt()
    } catch (error) {
      if (!isLockFailure(error) || retry + 1 >= locks.lockAttempts) throw error
    }
    await systemClock.wait(lockBackoffMs(retry + 1))
  }
}

/** Whether a lock was not available (lock_timeout), or PostgreSQL ended a deadlock by failing this attempt. */
function isLockFailure(error: unknown): boolean {
  const code = error instanceof MigrationError && error.cause instanceof DatabaseError && error.cause.code
  return code === '55P03' || code === '40P01'
}

function failure(id: string, place: string, error: unknown, statement?: Statement): MigrationError {
  const message = error instanceof Error ? error.message : String(error)
  if (!(error instanceof DatabaseError))
    return new MigrationError(`${place}: ${message}`, { migration: id, cause: error })
  const hint = hints[error.code ?? ''] ?? ''
  return new MigrationError(`${place}: ${withoutValues(message, error, statement)}${hint}`, {
    migration: id,
    cause: error,
  })
}

const hints: Readonly<Record<string, string>> = {
  '25001': ' (to run this file outside a transaction, begin it with the line `-- tricube: no-transaction`)',
  '55P03': ' (other transactions held the lock during all attempts)',
}

/**
 * Removes values from messages. PostgreSQL's class 22, data exceptions, quotes the value, and a syntax error the text at
 * its position, which may be a secret. Words and operators stay, because they show what was misspelt.
 */
function withoutValues(message: string, { code }: DatabaseError, statement: Statement | undefined): string {
  if (statement && code?.startsWith('22')) return message.replaceAll(/"[^]*"/g, '"…"')
  return code === '42601' ? message.replaceAll(/"(?!\w+"|.{1,2}")[^]*"/g, '"…"') : message
}
