/** The data view: the databases of services, over HTTP and in a browser. Real PostgreSQL, hostile names and values. */
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { database } from 'tricube/sql'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { DashboardDatabase } from '../../src/dashboard/data/database.ts'
import { parseRowFilter } from '../../src/dashboard/data/rowFilter.ts'
import { connectionRows } from '../../src/dashboard/data/connections.ts'
import { withParameters, whyNotReading } from '../../src/dashboard/data/statementText.ts'
import { statementsOf } from '../../src/dashboard/model/statements.ts'
import { databasesOf } from '../../src/cli/dev/dashboardDatabases.ts'
import { freshDatabase } from '../sql/freshDatabase.ts'
import { chromiumBinary, looks, openPage, type PageOptions } from './browser.ts'
import { open, spanId, steerable, zipkin, type OpenDashboard } from './open.ts'

const markup = `<img src=x onerror="document.title='hacked'">`
const hostileTable = '<img src=x onerror=x>"; DROP TABLE users; --\u202e'

let db: Awaited<ReturnType<typeof freshDatabase>>

beforeAll(async () => {
  db = await freshDatabase(`
    CREATE TABLE users (
      id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY, name text NOT NULL, email text UNIQUE, password_hash text,
      born date, tags text[] NOT NULL DEFAULT '{}', data jsonb, picture bytea
    );
    COMMENT ON COLUMN users.name IS 'as they write it';
    INSERT INTO users (name, email, password_hash, born, data)
      SELECT 'user ' || i, 'user' || i || '@example.com', 'argon2$' || i, '1990-01-01'::date + i, '{"a": 1}'
      FROM generate_series(1, 250) i;
    UPDATE users SET name = 'Ann Lee', born = NULL WHERE id = 7;
    CREATE TABLE orders (id bigint PRIMARY KEY, user_id integer NOT NULL REFERENCES users, note text, total numeric(10, 2));
    INSERT INTO orders VALUES (1, 7, E'${markup.replaceAll("'", "''")}\\u001b[2J\\u202e', 12.50), (2, 7, repeat('x', 1000000), 3), (3, 8, NULL, 100);
    CREATE SCHEMA audit;
    CREATE VIEW audit.recent AS SELECT id, name FROM users;
    CREATE TABLE "${hostileTable.replaceAll('"', '""')}" ("a""b" text, "${markup.replaceAll('"', '""')}" text);
    INSERT INTO "${hostileTable.replaceAll('"', '""')}" VALUES ('1', '2');
    CREATE FUNCTION sneaky() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN DELETE FROM users; RETURN 1; END $$;
    ANALYZE users;
  `)
})

afterAll(async () => db[Symbol.asyncDispose]())

const migrations = async () => [
  { id: '0001_users', state: 'applied', author: 'Ann', appliedAt: '2026-01-02T03:04:05.678Z', durationMs: 12 } as const,
  { id: '0002_orders', state: 'pending' } as const,
]

function databases(): readonly DashboardDatabase[] {
  const one = { service: 'user-service', url: db.url }
  return [
    { ...one, name: 'primary', role: 'primary', migrations },
    { ...one, name: 'replica 1', role: 'replica' },
    { service: 'order-service', name: 'eu/primary', role: 'primary', url: 'postgres://ann:hunter2@127.0.0.1:1/orders' },
  ]
}

async function opened(): Promise<OpenDashboard> {
  const all = [steerable('user-service'), steerable('order-service')]
  return open({ services: () => all, databases: async () => databases() })
}

const id = encodeURIComponent('user-service/primary')

/** Posts as the page does. */
async function post(dashboard: OpenDashboard, path: string, body: object): Promise<any> {
  const headers = { 'x-tricube-dashboard': '1' }
  return (await dashboard.ask(path, { method: 'POST', headers, body: JSON.stringify(body) })).json()
}

async function sql(dashboard: OpenDashboard, text: string, access?: 'write'): Promise<any> {
  return post(dashboard, `/api/databases/${id}/sql`, { text, ...(access && { access }) })
}

describe('over HTTP', () => {
  it('lists databases without their passwords, with shards and replicas by name', async () => {
    const { json, ask } = await opened()
    const list = await json('/api/databases')
    expect(list).toEqual([
      expect.objectContaining({ id: 'user-service/primary', role: 'primary', hasMigrations: true }),
      expect.objectContaining({ id: 'user-service/replica 1', role: 'replica', hasMigrations: false }),
      expect.objectContaining({ id: 'order-service/eu/primary', address: '127.0.0.1:1/orders' }),
    ])
    expect(JSON.stringify(list)).not.toMatch(/hunter2|ann:/)
    expect(new URL(db.url).pathname.slice(1)).toBe(list[0].address.split('/').at(-1))
    expect((await ask('/api/databases/nobody/tables')).status).toBe(404)
  })

  it('needs the cookie, and the header for statements', async () => {
    const { origin, ask } = await opened()
    expect((await fetch(`${origin}/api/databases`)).status).toBe(401)
    const body = JSON.stringify({ text: 'SELECT 1' })
    expect((await ask(`/api/databases/${id}/sql`, { method: 'POST', body })).status).toBe(403)
    expect((await ask(`/api/databases/${id}/sql?text=SELECT+1`)).status).toBe(405)
  })

  it('shows tables, columns, keys and what they lead to', async () => {
    const { json } = await opened()
    const tables = await json(`/api/databases/${id}/tables`)
    expect(tables.map(({ schema, name }: any) => `${schema}.${name}`)).toEqual([
      `public.${hostileTable}`,
      'public.orders',
      'public.users',
      'audit.recent',
    ])
    expect(tables[2]).toMatchObject({ kind: 'table', rows: 250 })
    expect(tables[3]).toMatchObject({ kind: 'view' })
    const { columns, indexes, constraints } = await json(`/api/databases/${id}/tables/public/users`)
    expect(columns[0]).toMatchObject({ name: 'id', type: 'integer', isNullable: false, isKey: true })
    expect(columns[1]).toMatchObject({ comment: 'as they write it', isKey: false })
    expect(columns[3]).toMatchObject({ name: 'password_hash', isSecret: true })
    expect(columns[5]).toMatchObject({ type: 'text[]', default: `'{}'::text[]` })
    expect(indexes).toHaveLength(2)
    expect(constraints.join()).toContain('UNIQUE (email)')
    const orders = await json(`/api/databases/${id}/tables/public/orders`)
    expect(orders.columns[1].references).toEqual({ schema: 'public', table: 'users', column: 'id' })
    expect(await json(`/api/databases/${id}/tables/public/gone`)).toEqual({
      failure: expect.stringContaining('no such table'),
    })
  })

  it.each([
    ['', 250, '1'],
    ['id=7', 1, '7'],
    ['ID=7', 1, '7'],
    ['name="Ann Lee"', 1, '7'],
    ['name~ANN', 1, '7'],
    ['ann', 1, '7'],
    ['born=null', 1, '7'],
    ['born!=null', 249, '1'],
    ['id!=1', 249, '2'],
    ['id>=249', 2, '249'],
    ['id>1 id<4 name~user', 2, '2'],
    ['password_hash!=null id=3', 1, '3'],
    ['email~100%', 0, undefined],
    [`name="'; DROP TABLE users; --"`, 0, undefined],
  ])('filters rows by %s', async (filter, count, first) => {
    const { json } = await opened()
    const page = await json(`/api/databases/${id}/tables/public/users/rows?q=${encodeURIComponent(filter)}`)
    expect(page).toMatchObject({ count })
    expect(page.rows[0]?.[0]).toBe(first)
  })

  it('pages and sorts, hides secrets and cuts long values', async () => {
    const { json } = await opened()
    const rows = (query: string, table = 'users') => json(`/api/databases/${id}/tables/public/${table}/rows?${query}`)
    const last = await rows('sort=-id&offset=200')
    expect(last.rows).toHaveLength(50)
    expect(last.rows.at(-1)[0]).toBe('1')
    expect(last.hasMore).toBe(false)
    expect((await rows('')).hasMore).toBe(true)
    expect(JSON.stringify(await rows(''))).not.toContain('argon2')
    const { rows: orders } = await rows('', 'orders')
    expect(orders[1][2]).toHaveLength(1001)
    expect(orders[2][2]).toBeNull()
  })

  it.each([
    ['colour=red', /there is no column colour: expected one of id, name/],
    ['password_hash=argon2', /password_hash is hidden/],
    ['id=seven', /invalid input syntax for type integer: "seven" \(22P02\)/],
  ])('says why a filter fails: %s', async (filter, expected) => {
    const { json } = await opened()
    const page = await json(`/api/databases/${id}/tables/public/users/rows?q=${encodeURIComponent(filter)}`)
    expect(page.failure).toMatch(expected)
  })

  it('takes any name of a table or a column as a name', async () => {
    const { json } = await opened()
    const path = `/api/databases/${id}/tables/public/${encodeURIComponent(hostileTable)}/rows`
    expect(await json(`${path}?q=${encodeURIComponent('2')}`)).toMatchObject({
      columns: ['a"b', markup],
      rows: [['1', '2']],
    })
    expect(await json(`${path}?sort=${encodeURIComponent('-a"b')}`)).toMatchObject({ count: 1 })
  })

  it('runs one statement, and hides secrets in its result', async () => {
    const dashboard = await opened()
    expect(
      await sql(dashboard, 'SELECT id, id AS id, password_hash, NULL AS x FROM users WHERE id < 3 ORDER BY 1'),
    ).toMatchObject({
      columns: ['id', 'id', 'password_hash', 'x'],
      rows: [
        ['1', '1', '[redacted]', null],
        ['2', '2', '[redacted]', null],
      ],
      isCut: false,
      command: 'SELECT 2',
    })
    expect(await sql(dashboard, 'SELECT 1;')).toMatchObject({ rows: [['1']] })
    expect(await sql(dashboard, 'SHOW server_version')).toMatchObject({ columns: ['server_version'] })
    const many = await sql(dashboard, 'SELECT i FROM generate_series(1, 1000000) i')
    expect(many.isCut).toBe(true)
    expect(many.rows.length).toBeLessThanOrEqual(1000)
    const long = await sql(dashboard, `SELECT repeat('x', 3000000) FROM generate_series(1, 100)`)
    expect(long.isCut || JSON.stringify(long).length < 8_000_000).toBe(true)
  })

  it.each([
    ['SELECT 1; DELETE FROM users', /cannot insert multiple commands/],
    ['DELETE FROM users', /DELETE needs "Allow changes"/],
    ['/* a */ (WITH gone AS (DELETE FROM users RETURNING id) SELECT * FROM gone)', /read-only transaction/],
    [
      'WITH gone AS (DELETE FROM users RETURNING id) SELECT * FROM gone',
      /cannot execute SELECT in a read-only transaction/,
    ],
    ['SELECT sneaky()', /cannot execute DELETE in a read-only transaction/],
    ['EXPLAIN ANALYZE DELETE FROM users', /cannot execute DELETE in a read-only transaction/],
    ['SELECT * INTO copied FROM users', /cannot execute SELECT INTO in a read-only transaction/],
    [`SELECT set_config('transaction_read_only', 'off', true), sneaky()`, /must be set before any query|read-only/],
    [`SELECT nextval('users_id_seq')`, /cannot execute nextval\(\) in a read-only transaction/],
    ['COMMIT', /COMMIT needs/],
    ['BEGIN', /BEGIN needs/],
    ['SET default_transaction_read_only = off', /SET needs/],
    [`COPY users TO PROGRAM 'touch /tmp/hacked'`, /COPY needs/],
    ['DO $$ BEGIN COMMIT; DELETE FROM users; END $$', /DO needs/],
    ['CALL p()', /CALL needs/],
    ["SELECT 'unclosed", /unterminated quoted string/],
    ['  -- nothing', /there is no statement/],
    ['SELECT\n  nothing', /^line 2: column "nothing" does not exist \(42703\)/],
  ])('reads only: %s', async (text, expected) => {
    const dashboard = await opened()
    expect((await sql(dashboard, text)).failure).toMatch(expected)
    expect(await sql(dashboard, 'SELECT count(*) FROM users')).toMatchObject({ rows: [['250']] })
  })

  it('changes the database once changes are allowed, and one statement at a time', async () => {
    const dashboard = await opened()
    expect(await sql(dashboard, `UPDATE orders SET note = 'late' WHERE id = 3`, 'write')).toMatchObject({
      command: 'UPDATE 1',
      columns: [],
    })
    expect(await sql(dashboard, 'SELECT note FROM orders WHERE id = 3')).toMatchObject({ rows: [['late']] })
    expect(
      await sql(dashboard, 'UPDATE orders SET note = NULL WHERE id = 3; DELETE FROM orders', 'write'),
    ).toHaveProperty('failure')
    const notices = await sql(dashboard, `DO $$ BEGIN RAISE NOTICE 'hello'; END $$`, 'write')
    expect(notices.notices).toEqual(['NOTICE: hello'])
    expect((await sql(dashboard, 'COPY orders FROM STDIN', 'write')).failure).toMatch(
      /COPY FROM STDIN is not supported/,
    )
    expect(await sql(dashboard, 'COPY orders TO STDOUT', 'write')).toMatchObject({ command: 'COPY 3' })
    expect((await post(dashboard, `/api/databases/${id}/sql`, { text: 'SELECT 1', access: 'admin' })).error).toMatch(
      /access/,
    )
  })

  it('explains the statement of a span, with its parameters', async () => {
    const dashboard = await opened()
    const explain = (text: string) => post(dashboard, `/api/databases/${id}/explain`, { text })
    const plan = await explain('SELECT id, name FROM users WHERE id = $1 AND name LIKE ? LIMIT ?')
    expect(plan.text).toMatch(/Index Scan using users_pkey|Seq Scan on users/)
    expect(plan.parameters).toEqual(['integer', 'text', 'bigint'])
    expect((await explain('DELETE FROM users WHERE id = ?')).text).toContain('Delete on users')
    expect((await explain('SELECT 1; DELETE FROM users')).failure).toMatch(/multiple commands/)
    expect((await explain('SELECT nothing')).failure).toMatch(/"nothing" does not exist/)
    expect((await explain(`SELECT ${'x'.repeat(99)}…`)).failure).toMatch(/too long/)
    expect(await sql(dashboard, 'SELECT count(*) FROM users')).toMatchObject({ rows: [['250']] })
  })

  it('shows migrations, sessions, and why a database does not respond', async () => {
    const dashboard = await opened()
    expect(await dashboard.json(`/api/databases/${id}/migrations`)).toHaveLength(2)
    await using other = await database({ url: db.url, lanes: 0, pool: 1, applicationName: markup.slice(0, 60) })
    await other.value`SELECT 1`
    const { service, sessions } = await dashboard.json(`/api/databases/${id}/connections`)
    expect(service.failure).toBeDefined() // the steerable service has no metrics
    expect(sessions.map(({ application }: any) => application)).toContain(markup.slice(0, 60))
    const gone = await dashboard.json(`/api/databases/${encodeURIComponent('order-service/eu/primary')}/tables`)
    expect(gone.failure).toMatch(/cannot be reached/)
    expect(gone.failure).not.toContain('hunter2')
  })

  it('ends a statement that takes too long', async () => {
    const { withSession } = await import('../../src/dashboard/data/session.ts')
    const slow = withSession({ url: db.url, timeoutMs: 50 }, ({ run }) => run('SELECT pg_sleep(60)'))
    await expect(slow).rejects.toThrow('statement timeout')
  })
})

it('reads lanes and pools from metrics', async () => {
  const rows = connectionRows(`
db_client_connections{server="primary",state="used"} 2
db_client_connections{server="primary",state="idle"} 3
db_client_pending_requests{server="primary"} 1
db_client_lanes{server="primary",state="up"} 2
db_client_lanes{server="primary",state="down"} 0
db_client_lane_statements{server="primary"} 5
db_client_lane_waiting{server="primary"} 0
db_client_lanes{server="eu/replica 1",state="up"} 2
db_client_replica_lag_seconds{server="eu/replica 1"} 0.25
other_total{server="primary"} 9
`)
  expect(rows).toEqual([
    { server: 'primary', lanes: { up: 2, down: 0, inFlight: 5, waiting: 0 }, pool: { used: 2, idle: 3, waiting: 1 } },
    {
      server: 'eu/replica 1',
      lanes: { up: 2, down: 0, inFlight: 0, waiting: 0 },
      pool: { used: 0, idle: 0, waiting: 0 },
      lagMs: 250,
    },
  ])
})

it.each([
  ['SELECT * FROM a WHERE b = ? AND c IN (?, ?)', 'SELECT * FROM a WHERE b = $1 AND c IN ($2, $3)'],
  ['SELECT * FROM a WHERE b = $2 AND c > $1 LIMIT ?', 'SELECT * FROM a WHERE b = $2 AND c > $1 LIMIT $3'],
  ['SELECT data ? ? FROM a', 'SELECT data ? $1 FROM a'],
  ['SELECT data ?| $1 FROM a', 'SELECT data ?| $1 FROM a'],
  ['SELECT "data" ?& array[?, ?]', 'SELECT "data" ?& array[$1, $2]'],
  ['SELECT now() - interval ?', 'SELECT now() - CAST($1 AS interval) '],
  ['INSERT INTO a VALUES (?, $1, ?)', 'INSERT INTO a VALUES ($2, $1, $3)'],
  ['SELECT ? /* ? */ FROM a', 'SELECT $1 /* ? */ FROM a'],
])('turns masked literals into parameters: %s', (text, expected) => {
  expect(withParameters(text)).toBe(expected)
})

it('reads filters', () => {
  expect(parseRowFilter('a=1 b!="x y" "c d"~z plain "two words" e>= f<2 g=')).toEqual([
    { column: 'a', operator: '=', value: '1' },
    { column: 'b', operator: '!=', value: 'x y' },
    { column: 'c d', operator: '~', value: 'z' },
    { operator: '~', value: 'plain' },
    { operator: '~', value: 'two words' },
    { column: 'e', operator: '>=', value: '' },
    { column: 'f', operator: '<', value: '2' },
    { column: 'g', operator: '=', value: '' },
  ])
  expect(whyNotReading(' -- a\n((select 1))')).toBeUndefined()
})

it('names the shards and replicas that dev knows', () => {
  const list = databasesOf({
    service: {
      name: 'users',
      migrations: 'file:///migrations/',
      shards: [{ name: 'eu', url: 'postgres://eu/a', replicas: ['postgres://eu2/a'] }],
    },
    url: 'postgres://home/a',
    env: { DATABASE_REPLICA_URLS: 'postgres://r1,r2/a,postgres://r3/a' },
  })
  expect(list.map(({ name, role, url }) => [name, role, url])).toEqual([
    ['primary', 'primary', 'postgres://home/a'],
    ['replica 1', 'replica', 'postgres://r1,r2/a'],
    ['replica 2', 'replica', 'postgres://r3/a'],
    ['eu/primary', 'primary', 'postgres://eu/a'],
    ['eu/replica 1', 'replica', 'postgres://eu2/a'],
  ])
  expect(list.map(({ migrations }) => migrations !== undefined)).toEqual([true, false, false, true, false])
})

it('sums up statements by their total time', async () => {
  const dashboard = await open()
  const traceId = spanId().padStart(32, '5')
  const statement = (text: string, ms: number, more: object = {}) =>
    zipkin({
      traceId,
      kind: 'CLIENT',
      name: 'SELECT',
      ms,
      tags: { 'db.query.text': text, 'db.namespace': 'users', ...more },
    })
  dashboard.addZipkin([
    statement('SELECT 1', 5),
    statement('SELECT 1', 9),
    statement('SELECT 2', 10),
    statement('SELECT 2', 30, { 'error.type': '57014' }),
  ])
  const rows = await dashboard.json('/api/statements')
  expect(rows).toMatchObject([
    { text: 'SELECT 2', count: 2, totalMs: 40, maxMs: 30, errors: 1, database: 'users' },
    { text: 'SELECT 1', count: 2, totalMs: 14, p50Ms: 9, slowest: { traceId } },
  ])
  expect(statementsOf([])).toEqual([])
})

describe.skipIf(!chromiumBinary)('in Chromium', { timeout: 60_000 }, () => {
  async function page(hash = '#/data', options: PageOptions = {}) {
    const metrics = createServer((_, response) =>
      response.end(
        'db_client_lanes{server="primary",state="up"} 2\ndb_client_connections{server="primary",state="used"} 4\n',
      ),
    ).listen(0, '127.0.0.1')
    await once(metrics, 'listening')
    const url = `http://127.0.0.1:${(metrics.address() as AddressInfo).port}`
    const all = [steerable('user-service', { url }), steerable('order-service')]
    const dashboard = await open({ services: () => all, databases: async () => databases() })
    const window = await openPage(`${dashboard.url}${hash}`, options)
    window.page.setDefaultTimeout(10_000)
    onTestFinished(async () => {
      await window.close()
      metrics.closeAllConnections()
      metrics.close()
    })
    return { dashboard, ...window }
  }

  it('filters, sorts and opens rows, and follows a key, by clicks', async () => {
    const { page: window, complaints } = await page()
    await window.getByRole('link', { name: 'users 250' }).click()
    await window.getByText('1–100 of 250').waitFor()
    await window.getByRole('button', { name: 'Next' }).click()
    await window.getByText('101–200 of 250').waitFor()
    await window.getByRole('button', { name: 'born' }).click()
    await window.locator('th[aria-sort=ascending]').getByText('born').click()
    await window.locator('th[aria-sort=descending]').getByText('born').waitFor()
    await window.getByRole('searchbox', { name: 'Filter rows' }).fill('born=null')
    await window.getByText('1–1 of 1').waitFor()
    await window.getByRole('cell', { name: 'Ann Lee' }).click()
    await window.getByRole('complementary', { name: 'Row' }).getByText('[redacted]').waitFor()
    await window.reload() // the address has it all
    await window.getByText('1–1 of 1').waitFor()
    await window.getByRole('link', { name: 'orders' }).click()
    await window.getByRole('link', { name: '8', exact: true }).click()
    await window.getByText('1–1 of 1').waitFor()
    await window.getByRole('cell', { name: 'user 8', exact: true }).waitFor()
    await window.getByRole('button', { name: 'Columns' }).click()
    await window.getByText('as they write it').waitFor()
    expect(complaints).toEqual([])
  })

  it('runs SQL by the keyboard, and changes something only once that is allowed', async () => {
    const { page: window, complaints } = await page('#/overview')
    await window.getByRole('heading', { name: 'Overview' }).waitFor()
    await window.keyboard.press('g')
    await window.keyboard.press('d')
    await window.getByRole('textbox', { name: 'SQL' }).waitFor()
    await window.keyboard.press('/')
    await window.keyboard.type('UPDATE orders SET note = note WHERE id = 1')
    await window.keyboard.press('Control+Enter')
    await window.getByRole('alert').getByText('UPDATE needs "Allow changes"').waitFor()
    await window.getByRole('switch', { name: 'Allow changes' }).focus()
    await window.keyboard.press('Space')
    await window.getByText('they change the database').waitFor()
    await window.getByRole('textbox', { name: 'SQL' }).focus()
    await window.keyboard.press('Control+Enter')
    await window.getByRole('status').getByText('UPDATE 1 in').waitFor()
    await window.getByRole('textbox', { name: 'SQL' }).fill('SELECT id, note FROM orders ORDER BY id')
    await window.keyboard.press('Control+Enter')
    await window.getByRole('status').getByText('3 rows in').waitFor()
    await window.getByRole('button', { name: 'Row 1' }).focus()
    await window.keyboard.press('ArrowDown')
    await window.keyboard.press('Enter')
    await window.getByRole('complementary', { name: 'Row' }).getByText('(1,000,000 characters)').waitFor()
    await window.getByRole('button', { name: 'Explain' }).click()
    await window.getByText('Seq Scan on orders').or(window.getByText('Index Scan using orders_pkey')).first().waitFor()
    expect(complaints).toEqual([])
  })

  it('explains the statement of a trace', async () => {
    const { page: window, complaints, dashboard } = await page('#/data')
    const traceId = spanId().padStart(32, '6')
    const id = spanId()
    const tags = {
      'db.query.text': 'SELECT name FROM users WHERE id = $1',
      'db.namespace': new URL(db.url).pathname.slice(1),
    }
    dashboard.addZipkin([zipkin({ traceId, id, kind: 'CLIENT', name: 'SELECT users', tags })])
    await window.goto(`${dashboard.origin}/#/traces/${traceId}?span=${id}`)
    await window.getByRole('button', { name: 'Explain' }).click()
    await window.getByText(/Index Scan using users_pkey|Seq Scan on users/).waitFor()
    await window.getByText('For any values of $1 integer').waitFor()
    await window.goto(`${dashboard.origin}/#/data/${encodeURIComponent('user-service/primary')}/statements`)
    await window.getByText('1 statement, by total time').waitFor()
    await window.getByRole('link', { name: /slowest/ }).click()
    await window.getByRole('complementary', { name: 'Span' }).waitFor()
    expect(complaints).toEqual([])
  })

  it('shows hostile names and values as text', async () => {
    const { page: window, complaints } = await page(`#/data/${id}/tables/public/orders`)
    for (const hash of [
      `#/data/${id}/tables/public/orders`,
      `#/data/${id}/tables/public/${encodeURIComponent(hostileTable)}`,
      `#/data/${id}/sql?text=${encodeURIComponent(markup)}`,
    ]) {
      await window.goto(`${new URL(window.url()).origin}/${hash}`)
      await expect.poll(() => window.locator('#main').textContent()).toContain('onerror=')
      expect(await window.locator('#main img, #main script').count()).toBe(0)
      expect(await window.locator('#main').textContent()).not.toMatch(/(?!\n)[\p{Cc}\p{Bidi_Control}]/u)
      expect(await window.title()).not.toContain('hacked')
    }
    expect(complaints).toEqual([])
  })

  it.each(looks)('is accessible and fits at $width pixels, $colorScheme', async (options) => {
    const { page: window, complaints, dashboard, checkAccess } = await page('#/data', options)
    const tags = {
      'db.query.text': 'SELECT name FROM users WHERE id = $1',
      'db.namespace': new URL(db.url).pathname.slice(1),
    }
    dashboard.addZipkin([zipkin({ kind: 'CLIENT', name: 'SELECT users', ms: 7, tags })])
    for (const [name, place, text] of [
      ['rows', 'tables/public/users?sort=-id&q=id%3E220', '1–30 of 30'],
      ['columns', 'tables/public/users?show=columns', 'as they write it'],
      ['sql', 'sql?text=SELECT+id,+name,+email,+born+FROM+users+LIMIT+30', 'Allow changes'],
      ['migrations', 'migrations', '0002_orders'],
      ['connections', 'connections', 'session'],
      ['statements', 'statements', '1 statement'],
    ] as const) {
      await window.goto(`${dashboard.origin}/#/data/${id}/${place}`)
      await window.getByText(text).first().waitFor()
      if (name === 'rows') await window.getByRole('cell', { name: 'user 250', exact: true }).click()
      if (name === 'sql') {
        await window.getByRole('button', { name: 'Run' }).click()
        await window.getByRole('status').getByText('30 rows in').waitFor()
      }
      if (name === 'statements') {
        await window.getByRole('button', { name: 'Explain' }).click()
        await window.getByText('For any values').waitFor()
      }
      await checkAccess()
      expect([name, await window.evaluate('document.documentElement.scrollWidth - innerWidth')]).toEqual([name, 0])
      const folder = process.env['TRICUBE_TEST_SCREENSHOTS']
      if (folder)
        await window.screenshot({ path: `${folder}/data-${name}-${options.width}-${options.colorScheme}.png` })
    }
    expect(complaints).toEqual([])
  })
})
