import { type Database, database, sql } from 'tricube/sql'
import { afterAll, beforeAll, describe } from 'vitest'
import { directDatabase } from '../sql/freshDatabase.ts'
import { type Row, testMessages } from './row.ts'

let server: Awaited<ReturnType<typeof directDatabase>>
let db: Database

beforeAll(async () => {
  server = await directDatabase('CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL, age int2)')
  db = database({ url: server.url, pool: 2 })
})

afterAll(async () => {
  await db?.close()
  await server?.[Symbol.asyncDispose]()
})

const statements: readonly Row<() => unknown>[] = [
  [
    'passes a string instead of a template',
    () => db.one('SELECT 1' as never),
    'a statement must be a template: write db.one`SELECT …`, not db.one("SELECT …")',
  ],
  ['expects a row that does not exist', () => db.one`SELECT * FROM users WHERE id = 0`, 'expected one row, got none'],
  ['expects one row of two', () => db.one`SELECT generate_series(1, 2)`, 'expected one row, got 2'],
  [
    'passes undefined',
    () => db.many`SELECT * FROM users WHERE name = ${undefined}`,
    'parameter $1: undefined is not an SQL value, use null for NULL: ${value ?? null}',
  ],
  [
    'passes a Set',
    () => db.value`SELECT ${new Set([1])}::jsonb`,
    'parameter $1: a Set is not an SQL value, use [...set]',
  ],
  [
    'passes an array to a scalar',
    () => db.value`SELECT ${[1]}::text`,
    'parameter $1: an array needs an array or JSON parameter, this one is neither',
  ],
  [
    'passes a Buffer to an integer',
    () => db.value`SELECT ${Buffer.from('1')}::int`,
    'parameter $1: a Buffer needs a bytea parameter, this one is not',
  ],
  [
    'inserts no rows',
    () => db.execute`INSERT INTO users ${db.values([])}`,
    'values() needs at least one row, got an empty list',
  ],
  [
    'inserts nothing at all',
    () => db.execute`INSERT INTO users ${db.values(undefined as never)}`,
    'values() needs an object or a list of objects, got undefined',
  ],
  [
    'updates no column',
    () => db.execute`UPDATE users SET ${sql.set({ name: undefined })}`,
    'set() needs at least one column, got only undefined values',
  ],
  [
    'begins a transaction by hand',
    () => db.execute`BEGIN`,
    'BEGIN cannot run on a shared connection: use db.transaction',
  ],
  [
    'commits by hand',
    () => db.transaction((tx) => tx.execute`COMMIT`),
    'COMMIT cannot run in the function of a transaction: return, throw, or nest tx.transaction',
  ],
  [
    'sets a session variable',
    () => db.execute`SET timezone = 'Asia/Tokyo'`,
    'SET cannot run on a shared connection: use db.transaction',
  ],
  [
    'sets a session variable in a transaction',
    () => db.transaction((tx) => tx.execute`SET timezone = 'Asia/Tokyo'`),
    'SET would stay on the connection for its next user: use SET LOCAL in a transaction',
  ],
  [
    'takes a session lock',
    () => db.execute`SELECT pg_advisory_lock(1)`,
    'pg_advisory_lock would stay on the connection for its next user: use pg_advisory_xact_lock in a transaction',
  ],
  [
    'listens with SQL',
    () => db.execute`LISTEN news`,
    "LISTEN cannot run on a shared connection: use db.listen('channel', …)",
  ],
  [
    'copies',
    () => db.execute`COPY users TO STDOUT`,
    'COPY cannot run on a shared connection: write many rows with batch, read them with stream',
  ],
  [
    'ends a transaction in a script',
    () => db.transaction((tx) => tx.script('COMMIT')),
    'the script has ended the transaction: remove its COMMIT or ROLLBACK',
  ],
  [
    'writes an unknown isolation level',
    () => db.transaction(async () => {}, { isolation: 'snapshot' as never }),
    'isolation must be one of read committed, repeatable read, serializable, got "snapshot"',
  ],
  [
    'misspells the isolation level of a transaction',
    () => db.transaction(async () => {}, { isolationLevel: 'serializable' } as never),
    'transaction: unknown option isolationLevel, expected deferrable, isolation, readOnly, retries',
  ],
  [
    'writes the retries of a transaction as text',
    () => db.transaction(async () => {}, { retries: '3' } as never),
    'transaction: retries: expected a whole number from 0, got "3"',
  ],
  [
    'leaves out the unit of a statement timeout',
    () => db.with({ timeout: 20 } as never),
    'with: unknown option timeout, expected readOnly, signal, slow, timeoutMs; did you mean timeoutMs?',
  ],
  [
    'leaves out the unit of a timeout in a transaction',
    () => db.transaction((tx) => tx.with({ timeout: 20 } as never).execute`SELECT 1`),
    'with: unknown option timeout, expected signal, timeoutMs; did you mean timeoutMs?',
  ],
  [
    'misspells an option of listen',
    () => db.listen('orders', () => {}, { onreconnect() {} } as never),
    'listen: unknown option onreconnect, expected onReconnect; did you mean onReconnect?',
  ],
  [
    'uses a transaction after its end',
    async () => (await db.transaction(async (tx) => ({ tx }))).tx.execute`SELECT 1`,
    'the transaction is over',
  ],
  [
    'ignores a failed statement',
    () => db.transaction(async (tx) => void (await tx.execute`SELECT 1/0`.catch(() => {}))),
    'rolled back instead of committed, because a statement in it had failed',
  ],
  [
    'names a channel with no characters',
    () => db.notify(''),
    'the name of a channel must have 1 to 63 bytes, "" has 0',
  ],
  ['names a shard that does not exist', () => db.shard('north'), 'no such shard: north'],
  [
    'enqueues in a database of no service',
    () => db.enqueue({ name: 'sweep' }),
    'db.enqueue and db.publish need the database of a service: with jobs, service(contract, { jobs, jobHandlers, … }), or with events in its contract',
  ],
  [
    'sets a timeout that is too short',
    () => db.with({ timeoutMs: 20 }).execute`SELECT pg_sleep(1)`,
    'timed out after 20 ms',
  ],
]

const urls: readonly Row<string>[] = [
  [
    'has an unescaped slash in its password',
    'postgres://u:p/w@h/d',
    'database url: its user or password contains / ? or @: write them as %2F, %3F and %40',
  ],
  [
    'has an unescaped percent sign',
    'postgres://u:100%@h/d',
    'database url: the password contains a % that begins no escape: write it as %25',
  ],
  [
    'has a port that is not a number',
    'postgres://h:port/d',
    'database url: its port must be an integer from 1 to 65535',
  ],
  [
    'has an IPv6 address without brackets',
    'postgres://::1/d',
    'database url: one of its hosts is not valid: write an IPv6 address as [::1]',
  ],
  [
    'has an unknown sslmode',
    'postgres://h/d?sslmode=on',
    'database url: its parameter sslmode must be one of disable, allow, prefer, require, verify-ca, verify-full, no-verify; got "on"',
  ],
  [
    'sets a setting of the server',
    'postgres://h/d?statement_timeout=5',
    'database url: its parameter statement_timeout is a setting of the server, use options=-c%20statement_timeout%3D…',
  ],
]

describe('what you read when a statement', () => {
  testMessages(statements, (run) => run())
})
describe('what you read when a URL', () => {
  testMessages(urls, (url) => database({ url }))
})
