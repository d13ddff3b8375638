/** Connection strings against servers: several hosts, TLS by libpq's meaning of sslmode, passwords from a file. */
import { chmod, chown, copyFile, mkdir, mkdtemp, rename, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { database, type DatabaseOptions } from 'tricube/sql'
import { startPostgres, type EmbeddedPostgres } from 'tricube/testing'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { authority, type Authority } from '../../http/certificates.ts'

const trouble: unknown[] = []
const note = (error: unknown): void => void trouble.push(error)
let ca: Authority
let other: Authority
let plain: EmbeddedPostgres
let secure: EmbeddedPostgres
let sockets: string

beforeAll(async () => {
  process.on('unhandledRejection', note).on('uncaughtException', note)
  ca = authority()
  other = authority()
  sockets = await mkdtemp(join(tmpdir(), 'tricube-sockets-'))
  await chmod(sockets, 0o777)
  ;[plain, secure] = await Promise.all([
    startPostgres({ settings: { unix_socket_directories: sockets } }),
    startPostgres(),
  ])
  const { cert, key } = ca.sign('localhost', { hosts: ['localhost'] })
  const { uid, gid } = await stat(join(secure.dataDir, 'data')).catch(() => stat(secure.dataDir))
  const folder = await stat(join(secure.dataDir, 'data')).then(
    () => join(secure.dataDir, 'data'),
    () => secure.dataDir,
  )
  for (const [from, name] of [
    [cert, 'server.crt'],
    [key, 'server.key'],
    [ca.cert, 'root.crt'],
  ] as const) {
    await copyFile(from, join(folder, name))
    await chown(join(folder, name), uid, gid)
    await chmod(join(folder, name), 0o600)
  }
  await using db = database({ url: secure.url(), pool: 1, lanes: 0 })
  await db.script(`CREATE ROLE pass LOGIN PASSWORD 'p:w\\d'`)
  for (const setting of ["ssl = 'on'", "ssl_ca_file = 'root.crt'", "default_transaction_read_only = 'on'"])
    await db.script(`ALTER SYSTEM SET ${setting}`)
  await db.script('SELECT pg_reload_conf()')
  await vi.waitFor(async () => {
    await using probe = database({ url: `${at(secure, 'localhost')}?sslmode=require`, pool: 1, lanes: 0 })
    await probe.value`SELECT 1`
  }, 10_000)
})
afterAll(async () => {
  await Promise.all([plain.stop(), secure.stop()])
  process.off('unhandledRejection', note).off('uncaughtException', note)
  expect(trouble).toEqual([])
})

function at(server: EmbeddedPostgres, host: string): string {
  return server.url().replace('127.0.0.1', host)
}

function open(url: string, options: Partial<DatabaseOptions> = {}) {
  const db = database({ url, acquireTimeoutMs: 600, ...options })
  onTestFinished(() => db.close())
  return db
}

const isSecure = (url: string): Promise<boolean> =>
  open(url).value<boolean>`SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`
const portOf = (url: string): Promise<number> => open(url).value<number>`SELECT inet_server_port()`

describe('sslmode', () => {
  test.each([
    ['disable', false],
    ['allow', false],
    ['prefer', true],
    ['require', true],
    ['no-verify', true],
    ['verify-ca&sslrootcert={ca}', true],
    ['verify-full&sslrootcert={ca}', true],
    ['verify-ca&sslrootcert={other}', /certificate|verify|issuer/],
    ['require&sslrootcert={other}', /certificate|verify|issuer/],
    ['verify-full', /certificate|verify|issuer/],
    ['verify-full&sslrootcert=system', /certificate|verify|issuer/],
    ['require&channel_binding=require', true],
    ['require&sslnegotiation=direct', true],
  ] as const)('%s', async (mode, outcome) => {
    const url = `${at(secure, 'localhost')}?sslmode=${mode.replace('{ca}', ca.cert).replace('{other}', other.cert)}`
    if (typeof outcome === 'boolean') expect(await isSecure(url)).toBe(outcome)
    else
      await expect(isSecure(url)).rejects.toMatchObject({ sqlstate: '08001', message: expect.stringMatching(outcome) })
  })

  test('verify-full checks the hostname, verify-ca does not', async () => {
    const url = `${at(secure, '127.0.0.1')}?sslrootcert=${ca.cert}&sslmode=`
    expect(await isSecure(`${url}verify-ca`)).toBe(true)
    await expect(isSecure(`${url}verify-full`)).rejects.toThrow(/Hostname\/IP does not match/)
  })

  test('without TLS on the server: prefer connects, require and channel_binding=require reject', async () => {
    expect(await isSecure(at(plain, 'localhost'))).toBe(false)
    expect(await isSecure(`${at(plain, 'localhost')}?sslmode=prefer`)).toBe(false)
    await expect(isSecure(`${at(plain, 'localhost')}?sslmode=require`)).rejects.toThrow(
      'the database cannot be reached: the server has no TLS, but sslmode requires it',
    )
    await expect(isSecure(`${at(plain, 'localhost')}?channel_binding=require`)).rejects.toMatchObject({
      sqlstate: '28000',
      message: 'channel_binding=require, but the server does not offer it',
    })
  })

  test('a statement over TLS can be cancelled', async () => {
    const db = open(`${at(secure, 'localhost')}?sslmode=require`, { lanes: 0 })
    await expect(db.with({ timeoutMs: 50 }).value`SELECT pg_sleep(60)`).rejects.toMatchObject({ sqlstate: '57014' })
    await expect
      .poll(
        () =>
          open(at(secure, 'localhost'))
            .value`SELECT count(*)::int FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND state = 'active' AND pid <> pg_backend_pid()`,
      )
      .toBe(0)
  })
})

describe('a certificate file', () => {
  test.each(['sslrootcert', 'sslcert', 'sslkey'])('rejects a missing %s, and does not crash', async (name) => {
    const db = open(`${at(secure, 'localhost')}?sslmode=require&${name}=/nowhere.pem`)
    await expect(db.value`SELECT 1`).rejects.toMatchObject({
      sqlstate: '08001',
      message: `the database cannot be reached: ${name} cannot be read: ENOENT: no such file or directory, open '/nowhere.pem'`,
    })
    await expect(db.transaction(async () => 1)).rejects.toMatchObject({ sqlstate: '08001' })
  })

  test('may be missing for a moment while a service runs', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tricube-ca-'))
    const file = join(folder, 'ca.crt')
    await copyFile(ca.cert, file)
    const db = open(`${at(secure, 'localhost')}?sslmode=verify-full&sslrootcert=${file}`, { lanes: 1 })
    expect(await db.value`SELECT 1`).toBe(1)
    await rename(file, `${file}.old`)
    await expect(db.transaction((tx) => tx.value`SELECT 1`)).rejects.toThrow('sslrootcert cannot be read')
    // A text of its own: one that was slow in another test would ask the pool.
    expect(await db.value`SELECT 'over the lane'`).toBe('over the lane')
    await rename(`${file}.old`, file)
    await expect.poll(() => db.transaction((tx) => tx.value`SELECT 3`).catch(String)).toBe(3)
  })
})

describe('several hosts', () => {
  const both = (query: string): string => {
    const { username, password } = new URL(plain.url())
    void password
    return `postgres://${username}@127.0.0.1:1,127.0.0.1:${secure.port},127.0.0.1:${plain.port}/postgres?${query}`
  }
  let passfile: string
  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tricube-pgpass-'))
    await mkdir(folder, { recursive: true })
    passfile = join(folder, 'pgpass')
    const line = (server: EmbeddedPostgres): string =>
      `127.0.0.1:${server.port}:*:postgres:${new URL(server.url()).password}`
    await writeFile(
      passfile,
      ['# passwords', 'other:*:*:*:no', String.raw`*:*:postgres:pass:p\:w\\d`, line(plain), line(secure)].join('\n'),
      { mode: 0o600 },
    )
  })

  test.each([
    ['any', () => secure.port],
    ['read-write', () => plain.port],
    ['read-only', () => secure.port],
    ['primary', () => secure.port],
    ['prefer-standby', () => secure.port],
  ])('target_session_attrs=%s takes the first that is so', async (attrs, port) => {
    expect(await portOf(both(`target_session_attrs=${attrs}&passfile=${passfile}`))).toBe(port())
  })

  test('names the reason for each host if none is acceptable', async () => {
    await expect(portOf(both(`target_session_attrs=standby&passfile=${passfile}`))).rejects.toThrow(
      `the database cannot be reached: 127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1; 127.0.0.1:${secure.port}: the server is read-only, target_session_attrs=standby; 127.0.0.1:${plain.port}: the server is a primary, target_session_attrs=standby`,
    )
  })

  test('uses all hosts with load_balance_hosts=random', async () => {
    const url = both(`load_balance_hosts=random&passfile=${passfile}`)
    const seen = new Set<number>()
    await expect.poll(async () => seen.add(await portOf(url)).size).toBe(2)
  })

  test('reads the password file, and says where to set a missing password', async () => {
    const url = `postgres://pass@127.0.0.1:${secure.port}/postgres`
    expect(await open(`${url}?passfile=${passfile}`).value`SELECT current_user`).toBe('pass')
    await expect(open(`${url}?passfile=/nowhere`).value`SELECT 1`).rejects.toMatchObject({
      sqlstate: '28P01',
      message: 'the server requires a password for pass: set it in the URL, in PGPASSWORD or in a password file',
    })
    await chmod(passfile, 0o644) // others may read it: psql leaves it alone as well
    await expect(open(`${url}?passfile=${passfile}`).value`SELECT 1`).rejects.toMatchObject({ sqlstate: '28P01' })
    await chmod(passfile, 0o600)
  })
})

test('connects over a Unix socket, with options and an application name', async () => {
  const { username, password } = new URL(plain.url())
  const db = open(
    `postgres://${username}:${password}@/postgres?host=${sockets}&port=${plain.port}&application_name=mine&options=-c+work_mem%3D7MB`,
  )
  expect(
    await db.one`SELECT inet_server_port() AS port, current_setting('work_mem') AS mem, current_setting('application_name') AS name`,
  ).toEqual({ port: null, mem: '7MB', name: 'mine' })
})

test('includes the reason of the server in the message', async () => {
  const wrong = plain.url().replace(/:[^:@]*@/, ':wrong@')
  await expect(open(wrong).value`SELECT 1`).rejects.toMatchObject({
    sqlstate: '28P01',
    message: 'password authentication failed for user "postgres"',
  })
  await expect(open(plain.url('nowhere')).value`SELECT 1`).rejects.toMatchObject({
    sqlstate: '3D000',
    message: 'database "nowhere" does not exist',
  })
  await expect(open('postgres://u@127.0.0.1:1/d').value`SELECT 1`).rejects.toMatchObject({
    sqlstate: '08001',
    message: 'the database cannot be reached: connect ECONNREFUSED 127.0.0.1:1',
  })
})
