import { fullJitter } from '../time/backoff.ts'
import { systemClock } from '../time/clock.ts'
import { DatabaseError, type Client } from 'pg'
import { MigrationError } from './error.ts'
import type { Script } from './files.ts'
import type { Statement } from './split.ts'

/** How a script waits for the locks that its statements need. */
export interface LockPatience {
  /** How long one attempt may stand in a table's lock queue, in milliseconds. */
  readonly lockTimeoutMs: number
  /** How many attempts there are before the script fails. */
  readonly lockAttempts: number
}

/**
 * Runs one script and `record`, which writes down that it ran.
 *
 * Both happen in one transaction, so that a script that fails leaves nothing behind; a script marked no-transaction
 * runs statement by statement. A lock that is not to be had in time is tried again later, holding nothing meanwhile:
 * who waits for a table's lock makes every later query on that table wait behind it.
 *
 * @throws {MigrationError} naming the file, the line and what PostgreSQL said, without SQL text or values.
 */
export async function runScript(
  client: Client,
  id: string,
  script: Script,
  patience: LockPatience,
  record: () => Promise<void>,
): Promise<void> {
  if (!script.transaction) return runStatements(client, id, script, patience, record)
  await withLockRetries(patience, async () => {
    // What a file sets is for that file alone: also behind a pooler, where the session is not ours.
    await client.query(
      `BEGIN; ${resetSession}; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = ${patience.lockTimeoutMs}`,
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
  patience: LockPatience,
  record: () => Promise<void>,
): Promise<void> {
  let done = 0
  await client.query(`${resetSession}; SET statement_timeout = 0`)
  try {
    for (const statement of script.statements) {
      // CONCURRENTLY takes no lock that stops reads or writes, waits by design, and leaves an INVALID index when cut short.
      await client.query(`SET lock_timeout = ${isConcurrent(statement) ? 0 : patience.lockTimeoutMs}`)
      await withLockRetries(patience, () => runStatement(client, id, script, statement))
      done++
    }
    const invalid = await invalidIndexes(client, script)
    if (invalid.length > 0) throw new MigrationError(`${script.file}: an index is not usable`, { migration: id })
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

/** What a script outside a transaction leaves behind when it fails after `done` statements. */
async function remains(client: Client, script: Script, done: number): Promise<string[]> {
  const invalid = await invalidIndexes(client, script).catch(() => [])
  return [
    ...(done > 0
      ? [`${done} of its ${script.statements.length} statements ran and stay: it is marked no-transaction`]
      : []),
    ...invalid.map((name) => `the index ${name} is left INVALID: DROP INDEX CONCURRENTLY ${name}, then migrate again`),
  ]
}

/** The indexes named in a script that an interrupted CREATE INDEX CONCURRENTLY left unusable. */
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

async function withLockRetries(patience: LockPatience, attempt: () => Promise<void>): Promise<void> {
  for (let retry = 0; ; retry++) {
    try {
      return await attempt()
    } catch (error) {
      if (!isLockTrouble(error) || retry + 1 >= patience.lockAttempts) throw error
    }
    await systemClock.wait(lockBackoffMs(retry + 1))
  }
}

/** Lock not available (lock_timeout) or a deadlock that PostgreSQL resolved against us. */
function isLockTrouble(error: unknown): boolean {
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
  '25001': ' (a first line `-- tricube: no-transaction` runs this file outside a transaction)',
  '55P03': ' (other transactions held the table during every attempt)',
}

/**
 * Messages of PostgreSQL's class 22, data exceptions, quote the value they are about, and a syntax error the text where
 * it is; that may be a secret of the file. Words and operators stay: they are what was misspelt.
 */
function withoutValues(message: string, { code }: DatabaseError, statement: Statement | undefined): string {
  if (statement && code?.startsWith('22')) return message.replaceAll(/"[^]*"/g, '"…"')
  return code === '42601' ? message.replaceAll(/"(?!\w+"|.{1,2}")[^]*"/g, '"…"') : message
}
