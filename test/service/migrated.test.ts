import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { contract, service, t } from 'tricube'
import { migrate } from 'tricube/migrations'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { freshDatabase } from '../sql/freshDatabase.ts'

const quiet = contract('quiet-service', { say: { route: 'GET /say', returns: t.String() } })
let folder: string
let own: Awaited<ReturnType<typeof freshDatabase>>
const first = { '0001_parcels.up.sql': 'CREATE TABLE parcels (id int);' }
const second = { '0002_weight.up.sql': 'ALTER TABLE parcels ADD weight int;' }

beforeAll(() => void vi.stubEnv('LOG_LEVEL', 'info'))
afterAll(() => void vi.unstubAllEnvs())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tricube-migrated-'))
  own = await freshDatabase()
  vi.stubEnv('DATABASE_URL', own.url)
})
afterEach(async () => {
  await own[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

async function running(files: Readonly<Record<string, string>>, requireMigrations?: boolean) {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  const migrations = pathToFileURL(`${folder}/`)
  const logFile = `${folder}.log`
  onTestFinished(() => rm(logFile, { force: true }))
  const app = service(quiet, {
    log: { file: logFile },
    handlers: { say: () => 'hello' },
    migrations,
    ...(requireMigrations !== undefined && { requireMigrations }),
  })
  const { url } = await app.listen()
  onTestFinished(() => app.close())
  const ready = async (): Promise<unknown> => (await fetch(`${url}/health/ready`)).json()
  const told = async (): Promise<unknown> =>
    (await readFile(logFile, 'utf8'))
      .split('\n')
      .filter((line) => line.includes('"warn"'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .map(({ msg, pending }) => [msg, pending])
  return { ready, told, migrations }
}

const gone =
  'cannot check the migrations, their directory does not exist: copy it there, since a compiler copies no .sql files'

it('reports a missing directory of migrations, and is not ready when they are required', async () => {
  await rm(folder, { recursive: true })
  const { ready, told } = await running({}, true)
  const migrations = `the directory ${basename(folder)} does not exist`
  expect(await ready()).toMatchObject({ status: 'not ready', checks: { database: 'ok', migrations } })
  await expect.poll(told).toEqual([[gone, undefined]])
})

const lacks = 'the database lacks migrations of this service: run tricube migrate up'

it('is not ready and names pending migrations when they are required', async () => {
  const { ready, told, migrations } = await running({ ...first, ...second }, true)
  const checks = (of: string): object => ({ status: 'not ready', checks: { database: 'ok', migrations: of } })
  expect(await ready()).toMatchObject(checks('pending 0001_parcels, 0002_weight'))
  await migrate({ url: own.url, directory: migrations })
  expect(await ready()).toMatchObject({ status: 'ready', checks: { database: 'ok', migrations: 'ok' } })
  await expect.poll(told).toEqual([[lacks, ['0001_parcels', '0002_weight']]])
})

it('names only pending migrations', async () => {
  for (const [name, text] of Object.entries(first)) await writeFile(join(folder, name), text)
  await migrate({ url: own.url, directory: pathToFileURL(`${folder}/`) })
  const { ready, told } = await running(second, true)
  expect(await ready()).toMatchObject({ status: 'not ready', checks: { migrations: 'pending 0002_weight' } })
  await expect.poll(told).toEqual([[lacks, ['0002_weight']]])
})

it('is ready without the option, and logs pending migrations', async () => {
  const { ready, told } = await running(first)
  expect(await ready()).toMatchObject({ status: 'ready', checks: { database: 'ok' } })
  await expect.poll(told).toEqual([[lacks, ['0001_parcels']]])
})

it('is ready while the newest migration has no statement, and says so', async () => {
  for (const [name, text] of Object.entries(first)) await writeFile(join(folder, name), text)
  await migrate({ url: own.url, directory: pathToFileURL(`${folder}/`) })
  const { ready, told } = await running({ '0002_weight.up.sql': '-- Write the change here.' }, true)
  expect(await ready()).toMatchObject({ status: 'ready', checks: { migrations: 'ok' } })
  await expect.poll(told).toEqual([['a migration of this service has no statement yet: write its SQL', undefined]])
})

it('is ready on a database that has migrations of a newer release', async () => {
  for (const [name, text] of Object.entries({ ...first, ...second })) await writeFile(join(folder, name), text)
  await migrate({ url: own.url, directory: pathToFileURL(`${folder}/`) })
  await rm(join(folder, '0002_weight.up.sql'))
  const { ready, told } = await running(first, true)
  expect(await ready()).toMatchObject({ status: 'ready', checks: { migrations: 'ok' } })
  expect(await told()).toEqual([])
})

it('reports the database when it does not respond', async () => {
  vi.stubEnv('DATABASE_URL', 'postgres://u@127.0.0.1:1/d')
  const { ready } = await running(first, true)
  expect(await ready()).toMatchObject({
    status: 'not ready',
    checks: { database: 'unreachable', migrations: 'unreachable' },
  })
})
