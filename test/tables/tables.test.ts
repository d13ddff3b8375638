/** Tables of tricube's own: who creates them, when, and what becomes of those of earlier releases. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { contract, service, t } from 'tricube'
import { database, type Database } from 'tricube/sql'
import { faultProxy } from 'tricube/testing'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { Application } from '../../src/service/application.ts'
import { prepareTables } from '../../src/tables/prepare.ts'
import { built } from '../built.ts'
import { folderOf, tricube } from '../cli/run.ts'
import { pgbouncerBinary } from '../sql/connection/pgbouncer.ts'
import { directDatabase } from '../sql/freshDatabase.ts'
import { startPooler } from '../sql/poolers.ts'

const shop = contract('shop-service', {
  order: { route: 'POST /orders', body: t.Object({ item: t.String() }), returns: t.String(), idempotent: 'by key' },
  look: { route: 'GET /look', returns: t.String(), rateLimit: { key: 'ip', limit: 2, windowMs: 3_600_000 } },
})
const plain = contract('plain-service', { look: { route: 'GET /look', returns: t.String() } })

let url: string
let db: Database
let runs: number
beforeEach(async () => {
  const fresh = await directDatabase()
  url = fresh.url
  db = database({ url, lanes: 0, pool: 2 })
  runs = 0
  onTestFinished(async () => {
    await db.close()
    await fresh[Symbol.asyncDispose]()
  })
})

const shopService = () =>
  service(shop, {
    models: {},
    admission: false,
    rateLimits: { store: 'postgres' },
    handlers: { order: ({ body }) => `${body.item} ${++runs}`, look: () => 'here' },
  })

/** The same service, as the command finds it. */
const shopSource = `
  import { contract, service, t } from ${JSON.stringify(built('index.js'))}
  const shop = contract('shop-service', {
    order: { route: 'POST /orders', body: t.Object({ item: t.String() }), returns: t.String(), idempotent: 'by key' },
    look: { route: 'GET /look', returns: t.String(), rateLimit: { key: 'ip', limit: 2, windowMs: 3_600_000 } },
  })
  const handlers = { order: () => '', look: () => '' }
  export default service(shop, { models: {}, rateLimits: { store: 'postgres' }, handlers })
`

async function start(
  databaseUrl = url,
  definition: ConstructorParameters<typeof Application>[0] = shopService().definition,
) {
  const app = new Application(definition, { config: { logLevel: 'silent', databaseUrl, databaseReplicaUrls: [] } })
  onTestFinished(() => app.close())
  await app.start()
  const order = (key: string, headers = {}) =>
    app.inject({
      method: 'POST',
      url: '/orders',
      payload: { item: 'tea' },
      headers: { 'idempotency-key': key, ...headers },
    })
  return { app, order, look: () => app.inject('/look') }
}

const versions = () => db.many`SELECT room, version FROM tricube.versions ORDER BY room`
const names = async () =>
  (await db.many<{ name: string }>`SELECT tablename AS name FROM pg_tables WHERE schemaname = 'tricube'`).map(
    ({ name }) => name,
  )
const all = [
  { room: 'idempotency', version: 1 },
  { room: 'idempotency', version: 2 },
  { room: 'rate limits', version: 1 },
]
const digest = (value: unknown, encoding: 'base64' | 'base64url') =>
  createHash('sha256').update(JSON.stringify(value)).digest(encoding)

/** A role that may log in and use what it is granted; its URL. */
async function limitedUser(): Promise<{ role: string; url: string }> {
  const role = `limited_${crypto.randomUUID().replaceAll('-', '')}`
  await db.script(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`)
  onTestFinished(() => db.script(`DROP OWNED BY ${role}; DROP ROLE ${role}`))
  return { role, url: Object.assign(new URL(url), { username: role, password: 'secret' }).href }
}

describe('missing tables', () => {
  it('are created once when instances start at the same time', async () => {
    const apps = await Promise.all([1, 2, 3, 4].map(() => start()))
    expect(await versions()).toEqual(all)
    const docs = await readFile(new URL('../../docs/migrations.md', import.meta.url), 'utf8')
    for (const name of await names()) expect(docs).toContain(`\`tricube.${name}\``)
    for (const { order } of apps) expect((await order('k')).json().data).toBe('tea 1')
  })

  it('are created in each shard', async () => {
    const other = await directDatabase()
    onTestFinished(() => other[Symbol.asyncDispose]())
    const { app } = await start(undefined, {
      ...shopService().definition,
      rateLimits: {},
      database: { shards: { key: () => 'a', map: { a: url, b: other.url } } },
    })
    expect(app.db!.shards.names).toEqual(['a', 'b'])
    for (const name of app.db!.shards.names) {
      expect(await app.db!.shard(name).value`SELECT count(*) FROM tricube.idempotency`).toBe(0)
    }
  })

  it('are not created for a service that needs none, nor is a schema', async () => {
    await start(url, service(plain, { models: {}, handlers: { look: () => '' } }).definition)
    expect(await db.value`SELECT to_regnamespace('tricube') IS NULL`).toBe(true)
    await start(url, service(shop, { models: {}, handlers: { order: () => '', look: () => '' } }).definition)
    expect(await versions()).toEqual(all.slice(0, 2)) // rate limits are counted in memory
  })

  it('are created once a database that was down at the start is up', async () => {
    await using proxy = await faultProxy({ target: url })
    const up = proxy.add({ type: 'down' })
    const { app, order } = await start(proxy.url)
    const ready = async () => (await app.inject('/health/ready')).json() as { checks: object }
    expect((await ready()).checks).toMatchObject({ tables: 'unreachable' })
    await up()
    await expect.poll(versions, { timeout: 20_000 }).toEqual(all)
    await expect.poll(ready, { timeout: 20_000 }).toMatchObject({ checks: { tables: 'ok' } })
    expect((await order('k')).json().data).toBe('tea 1')
  }, 60_000)

  it('are rolled back when a version fails, and the error names it', async () => {
    const rooms = [{ name: 'toy', versions: [{ version: 1, sql: 'CREATE TABLE tricube.toy (id int); SELECT 1/0' }] }]
    await expect(prepareTables(db, rooms, 'toys')).rejects.toMatchObject({ sqlstate: '22012' })
    expect(await db.value`SELECT to_regnamespace('tricube') IS NULL`).toBe(true)
  })

  it('are upgraded by the new versions only', async () => {
    const one = { version: 1, sql: 'CREATE TABLE tricube.toy (id int)' }
    const two = { version: 2, sql: 'ALTER TABLE tricube.toy ADD name text' }
    const room = (...all: (typeof one)[]) => [{ name: 'toy', versions: all }]
    expect(await prepareTables(db, room(one), 'toys')).toEqual(['toy 1'])
    expect(await prepareTables(db, room(one, two), 'toys')).toEqual(['toy 2'])
    expect(await prepareTables(db, room(one), 'toys')).toEqual([]) // the release before, beside the new one
    expect(await db.many`SELECT * FROM tricube.toy`).toEqual([])
  })
})

describe('a database user that may not create tables', () => {
  it('gets the command to run at the start, and starts once it was run', async () => {
    const { role, url: limited } = await limitedUser()
    const rejected = await start(limited).catch((error: Error) => error)
    expect(rejected).toMatchObject({
      message: expect.stringMatching(
        /^shop-service: tables did not open: the database user may not create .*tricube migrate up/,
      ),
    })

    const folder = await folderOf({ 'service.mjs': shopSource })
    const { code, stdout, stderr } = await tricube(['migrate', 'up', folder, '--url', url]).ended
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: 'tricube: idempotency 1\ntricube: idempotency 2\ntricube: rate limits 1\n',
      stderr: '',
    })
    const again = await tricube(['migrate', 'up', folder, '--url', url]).ended
    expect(again.stdout).toBe('no pending migrations\n')
    const alsoRejected = await tricube(['migrate', 'up', folder, '--url', limited]).ended
    expect(alsoRejected).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('shop-service: the database user may not read'),
    })
    expect(await versions()).toEqual(all)

    await db.script(`GRANT USAGE ON SCHEMA tricube TO ${role};
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA tricube TO ${role}`)
    const { order, look } = await start(limited)
    expect((await order('k')).json().data).toBe('tea 1')
    expect((await look()).statusCode).toBe(200)
  })

  it('does not take a service for one without migrations because their directory is missing', async () => {
    const source = shopSource.replace(
      /service\((\w+), \{/,
      "$&\n  migrations: new URL('./migrations/', import.meta.url),",
    )
    expect(source).toContain('migrations:')
    const folder = await folderOf({ 'service.mjs': source })
    const { code, stderr } = await tricube(['migrate', 'up', folder, '--url', url]).ended
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('migrations does not exist') })
  })

  it('gets the command when the tables exist and it may not read them', async () => {
    await start()
    const { url: limited } = await limitedUser()
    await expect(start(limited)).rejects.toThrow(/may not read .*GRANT USAGE ON SCHEMA tricube/)
  })

  it('may use a schema that another user created for it', async () => {
    const { role, url: limited } = await limitedUser()
    await db.script(`CREATE SCHEMA tricube AUTHORIZATION ${role}`)
    const { order } = await start(limited)
    expect((await order('k')).json().data).toBe('tea 1')
  })
})

describe('tables of earlier releases', () => {
  it('0.1.0: a used key returns its result, and another input is rejected', async () => {
    await db.script(`CREATE TABLE tricube_idempotent (operation text NOT NULL, key text NOT NULL, input text NOT NULL,
      result json, created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (operation, key))`)
    const input = digest([{}, {}, { item: 'tea' }], 'base64')
    await db.execute`INSERT INTO tricube_idempotent (operation, key, input, result) VALUES ('order', 'old', ${input}, '"tea 0"')`
    await db.execute`INSERT INTO tricube_idempotent (operation, key, input, result) VALUES ('order', 'coffee', 'x', '"coffee 0"')`
    const { order } = await start()
    expect((await order('old')).json()).toMatchObject({ data: 'tea 0' })
    expect((await order('coffee')).statusCode).toBe(422)
    // A caller that uses the key of another gets none of its results.
    expect((await order('old', { authorization: 'Bearer me' })).json()).toMatchObject({ data: 'tea 1' })
    expect(await db.value`SELECT count(*) FROM tricube_idempotent`).toBe(2) // 0.1.0 may still be running
  })

  it('public.tricube_idempotency: rows and grants are kept, and the earlier release keeps working', async () => {
    const { role, url: limited } = await limitedUser()
    await db.script(`CREATE TABLE tricube_idempotency (operation text NOT NULL, scope text NOT NULL, key text NOT NULL,
      input text NOT NULL, token text NOT NULL, leased_until timestamptz NOT NULL, result text,
      created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (operation, scope, key));
      GRANT SELECT, INSERT, UPDATE, DELETE ON tricube_idempotency TO ${role}`)
    await using before = database({ url: limited, lanes: 1, pool: 1 })
    // As the release before writes it.
    const take = (key: string) => before.execute`
      INSERT INTO tricube_idempotency AS taken (operation, scope, key, input, token, leased_until, result)
      VALUES ('shop-service.order', ${digest('', 'base64url')}, ${key},
        ${digest([{}, {}, { item: 'tea' }], 'base64url')}, 't', now() - interval '1 second', '"tea 0"')
      ON CONFLICT (operation, scope, key) DO UPDATE SET token = excluded.token
      WHERE taken.leased_until < now() AND (taken.result IS NULL OR taken.created_at < now() - '24 hours'::interval)`
    expect(await take('k1')).toBe(1)
    const { order } = await start()
    expect(await take('k2')).toBe(1)
    expect(await take('k1')).toBe(0)
    for (const key of ['k1', 'k2']) expect((await order(key)).json().data).toBe('tea 0')
    expect((await order('k3')).json().data).toBe('tea 1')
    expect(await take('k3')).toBe(0)
    expect((await (await start(limited)).order('k1')).json().data).toBe('tea 0')
  })

  it('public.tricube_rate_limits: counted requests still count', async () => {
    await using first = (await start()).app
    await first.inject('/look')
    const [row] = await db.many<{ key: string; tat: number }>`SELECT key, tat FROM tricube.rate_limits`
    await db.script(`DROP SCHEMA tricube CASCADE;
      CREATE UNLOGGED TABLE tricube_rate_limits (key text PRIMARY KEY, tat bigint NOT NULL) WITH (fillfactor = 50)`)
    await db.execute`INSERT INTO tricube_rate_limits VALUES (${row!.key}, ${row!.tat}::bigint)`
    const { look } = await start()
    expect([(await look()).statusCode, (await look()).statusCode]).toEqual([200, 429])
    expect(await db.value`SELECT count(*) FROM tricube_rate_limits`).toBe(1)
  })
})

it.runIf(pgbouncerBinary)('are created behind a PgBouncer in transaction mode', async () => {
  await using pooler = await startPooler('pgbouncer-transaction', url)
  const behind = pooler.behind(url)
  const apps = await Promise.all([1, 2, 3].map(() => start(behind)))
  expect(await versions()).toEqual(all)
  expect((await apps[1]!.order('k')).json().data).toBe('tea 1')
})
