import { execFile } from 'node:child_process'
import { appendFile, chmod, chown, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Database, database } from 'tricube/sql'
import { type EmbeddedPostgres, startPostgres } from 'tricube/testing'

const settings = { fsync: 'off', wal_receiver_status_interval: 1, max_wal_senders: 4 }
let folder: string
let primary: EmbeddedPostgres
let replica: EmbeddedPostgres
let db: Database

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tricube-replica-'))
  await chmod(folder, 0o755) // the server may run as another user
  // A replica is a copy of the primary's data that asks the primary for what has happened since.
  primary = await startPostgres({ dataDir: join(folder, 'primary'), settings })
  const { port } = primary
  await primary.stop()
  await promisify(execFile)('cp', ['-a', join(folder, 'primary'), join(folder, 'replica')])
  primary = await startPostgres({ dataDir: join(folder, 'primary'), port, settings })
  const { username, password } = new URL(primary.url())
  const data = join(folder, 'replica', 'data')
  const source = `host=127.0.0.1 port=${port} user=${username} password=${decodeURIComponent(password)}`
  await appendFile(join(data, 'postgresql.auto.conf'), `primary_conninfo = '${source}'\n`)
  await writeFile(join(data, 'standby.signal'), '')
  const { uid, gid } = await stat(data)
  await chown(join(data, 'standby.signal'), uid, gid)
  replica = await startPostgres({ dataDir: join(folder, 'replica'), settings })
  db = await database({ url: primary.url(), replicas: [replica.url()], maxLagMs: 200 })
  await db.script('CREATE TABLE t (n int); CREATE SEQUENCE s')
}, 60_000)

afterAll(async () => {
  await db?.close()
  await replica?.stop()
  await primary?.stop()
  await rm(folder, { recursive: true, force: true })
})

const used = (on: Database = db) => vi.waitFor(() => expect(on.stats().replicas[0]!.isUsed).toBe(true))
const unused = () => vi.waitFor(() => expect(db.stats().replicas[0]!.isUsed).toBe(false))
/** Resolves once the replica has all that the primary has written. */
async function caughtUp(): Promise<void> {
  await using direct = await database({ url: replica.url() })
  const written = await db.primary.value<string>`SELECT pg_current_wal_lsn()::text`
  await vi.waitFor(async () =>
    expect(await direct.value`SELECT pg_last_wal_replay_lsn() >= ${written}::pg_lsn`).toBe(true),
  )
}
const isReplica = (on: Pick<Database, 'value'>) => on.value<boolean>`SELECT pg_is_in_recovery()`

describe('with a streaming replica', () => {
  test('sends reads to it, writes and transactions to the primary', async () => {
    await used()
    expect(await isReplica(db)).toBe(true)
    expect(await db.execute`INSERT INTO t VALUES (1)`).toBe(1)
    expect(await db.transaction(isReplica)).toBe(false)
    expect(await isReplica(db.with({ readOnly: false }))).toBe(false)
    await caughtUp()
    expect(await db.value`SELECT count(*) FROM t`).toBe(1)
  })

  test('db.primary reads what was just written', async () => {
    await used()
    expect(await isReplica(db.primary)).toBe(false)
    for (let n = 10; n < 30; n++) {
      await db.execute`INSERT INTO t VALUES (${n})`
      expect(await db.primary.one`SELECT n FROM t WHERE n = ${n}`).toEqual({ n })
    }
  })

  test('after a write, only reads of the same request go to the primary', async () => {
    await used()
    const [one, other] = [db.forRequest({}), db.forRequest({})]
    expect(await isReplica(one)).toBe(true)
    await one.with({ timeoutMs: 1000 }).execute`INSERT INTO t VALUES (2)`
    expect(await isReplica(one)).toBe(false)
    expect(await isReplica(other)).toBe(true)
    await other.transaction(async () => {}, { readOnly: true })
    expect(await isReplica(other)).toBe(true)
    await other.transaction(async () => {})
    expect(await isReplica(other)).toBe(false)
  })

  test('every kind of write counts', async () => {
    await used()
    const rows = async (stream: AsyncIterable<unknown>) => {
      for await (const _ of stream);
    }
    const writes: readonly ((one: Database) => Promise<unknown>)[] = [
      (one) => rows(one.stream`INSERT INTO t VALUES (4) RETURNING n`),
      (one) => rows(one.with({ readOnly: false }).stream`SELECT 1`),
      (one) => one.batch([4])`INSERT INTO t VALUES (${(n) => n})`,
      (one) => one.script('INSERT INTO t VALUES (4)'),
      (one) => one.drizzle.execute(`INSERT INTO t VALUES (4)`),
    ]
    for (const write of writes) {
      const one = db.forRequest({})
      expect(await isReplica(one)).toBe(true)
      await write(one)
      expect(await isReplica(one), write.toString()).toBe(false)
    }
    const reader = db.forRequest({})
    await rows(reader.stream`SELECT n FROM t`)
    expect(await isReplica(reader)).toBe(true)
  })

  test('a statement that may write goes to the primary, also after a replica has rejected it', async () => {
    await used()
    expect(await db.value`SELECT nextval('s')`).toBe(1)
    await db.script(`CREATE FUNCTION length(box) RETURNS bigint LANGUAGE sql AS $$ SELECT nextval('s') $$`)
    await caughtUp()
    expect(await db.value`SELECT length('(1,1),(0,0)'::box)`).toBe(2)
    await db.script(`CREATE FUNCTION length(lseg, int) RETURNS bigint LANGUAGE sql AS $$ SELECT nextval('s') $$`)
    await caughtUp()
    const one = db.forRequest({})
    await one.value`SELECT length('((0,0),(1,1))'::lseg, 1)`
    expect(await isReplica(one)).toBe(false)
  })

  test('a replica that lags gets no reads until it has caught up', async () => {
    await used()
    await db.with({ readOnly: false }).execute`SELECT 1`
    await using direct = await database({ url: replica.url() })
    await direct.with({ slow: true }).execute`SELECT pg_wal_replay_pause()`
    await db.execute`INSERT INTO t VALUES (3)`
    await unused()
    expect(db.stats().replicas[0]!.lagMs).toBeGreaterThan(200)
    expect(await isReplica(db)).toBe(false)
    await direct.execute`SELECT pg_wal_replay_resume()`
    await used()
  })

  test('a replica that dies fails no read, and is used again when it is back', async () => {
    await used()
    const { port } = replica
    let isOver = false
    let reads = 0
    const reading = Array.from({ length: 4 }, async () => {
      for (; !isOver; reads++) await db.value`SELECT count(*) FROM t WHERE n = ${reads}`
    })
    await replica.stop('immediate')
    await unused()
    replica = await startPostgres({ dataDir: join(folder, 'replica'), port, settings })
    await used()
    isOver = true
    await Promise.all(reading)
    expect(reads).toBeGreaterThan(0)
  })
})
