/** `tricube run`, `migrate` and others beside a running `tricube dev`. */
import { spawn } from 'node:child_process'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { built } from '../built.ts'
import { folderOf, freePorts, isAlive, serviceSource, tricube } from './run.ts'

/** An empty server, where dev makes the databases of services; they are dropped when the test ends. */
async function serverWith(...names: string[]): Promise<string> {
  const url = process.env['TRICUBE_TEST_DATABASE_URL']!
  const drop = async (): Promise<void> => {
    const client = new pg.Client(url)
    await client.connect()
    for (const name of names) await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    await client.end()
  }
  await drop()
  onTestFinished(drop)
  return url
}

const script = `
import { argv, env } from 'node:process'
const { DATABASE_URL, CONSUL_HTTP_ADDR, NODE_ENV, OTEL_EXPORTER_ZIPKIN_ENDPOINT, FROM_FILE } = env
const database: string | undefined = DATABASE_URL && new URL(DATABASE_URL).pathname
console.log(JSON.stringify({ database, CONSUL_HTTP_ADDR, NODE_ENV, traces: !!OTEL_EXPORTER_ZIPKIN_ENDPOINT, FROM_FILE, args: argv.slice(2) }))
`
const migrations = {
  'migrations/0001_things.up.sql': 'CREATE TABLE things (id integer PRIMARY KEY);',
  'seed.sql': 'SELECT 1;',
}

async function project(names: readonly string[], files: Readonly<Record<string, string>> = {}): Promise<string> {
  const ports = await freePorts(names.length)
  const services = names.flatMap((name, i): [string, string][] => [
    [`${name}/service.mjs`, serviceSource({ name: `${name}-service`, port: ports[i]!, database: name !== 'plain' })],
    ...(name === 'plain'
      ? []
      : Object.entries(migrations).map(([file, text]): [string, string] => [`${name}/${file}`, text])),
  ])
  return folderOf({ ...Object.fromEntries(services), 'scripts/report.ts': script, '.env': 'FROM_FILE=yes\n', ...files })
}

test('runs a script with the database, discovery, traces and .env of the running dev', async () => {
  const cwd = await project(['one', 'plain'], { 'scripts/fail.mjs': 'process.exitCode = 7' })
  const before = await tricube(['run', 'scripts/report.ts'], { cwd }).ended
  expect(before).toMatchObject({
    code: 1,
    stderr: 'tricube run: no tricube dev runs in this folder; start it here first\n',
  })

  const dev = tricube(['dev'], { cwd, env: { DATABASE_URL: await serverWith('one_service') } })
  await dev.printed('Ready in')
  const { code, stdout, stderr } = await tricube(['run', 'scripts/report.ts', '--', '--all', 'x'], { cwd }).ended
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const consul = /Consul, in memory: (\S+)/.exec(dev.output())![1]
  expect(JSON.parse(stdout)).toEqual({
    database: '/one_service',
    CONSUL_HTTP_ADDR: consul,
    NODE_ENV: 'development',
    traces: true,
    FROM_FILE: 'yes',
    args: ['--all', 'x'],
  })
  expect((await tricube(['run', 'scripts/fail.mjs'], { cwd }).ended).code).toBe(7)
  expect((await tricube(['run', 'scripts/none.ts'], { cwd }).ended).stderr).toContain(
    'tricube run: scripts/none.ts not found',
  )
  expect((await tricube(['run'], { cwd }).ended).code).toBe(2)
  const lock = join(cwd, '.tricube/dev.json')
  expect((await stat(lock)).mode & 0o777).toBe(0o600)

  dev.signal('SIGINT')
  await dev.ended
  await expect(readFile(lock)).rejects.toThrow('ENOENT')
})

test('uses the database of --service when several services have one', async () => {
  const other = `
import { contract, service } from ${JSON.stringify(built('index.js').href)}
const [one, two] = ['one-service', 'two-service'].map((name) => service(contract(name, {}), { database: {}, handlers: {} }))
const count = (service) => service.run(({ db }) => db.value\`SELECT count(*) FROM things\`)
console.log(String(await count(one)))
await count(two).catch((error) => console.log(error.message))
await one.close()`
  const cwd = await project(['one', 'two'], { 'scripts/other.mjs': other })
  const dev = tricube(['dev'], { cwd, env: { DATABASE_URL: await serverWith('one_service', 'two_service') } })
  await dev.printed('Ready in')
  const unclear = await tricube(['run', 'scripts/report.ts'], { cwd }).ended
  expect(unclear.stderr).toContain('several services have a database; add --service ')
  const wrong = await tricube(['run', 'scripts/report.ts', '--service', 'three'], { cwd }).ended
  expect(wrong.stderr).toContain('--service must be ')
  const { stdout } = await tricube(['run', 'scripts/report.ts', '--service', 'two-service'], { cwd }).ended
  expect(JSON.parse(stdout)).toMatchObject({ database: '/two_service' })
  const both = await tricube(['run', 'scripts/other.mjs', '--service', 'one-service'], { cwd }).ended
  expect(both.stdout).toBe(
    '0\nDATABASE_URL is that of one-service, for which tricube run started this script: call two-service by a client, or in a script of its own with --service two-service\n',
  )
  const misplaced = await tricube(['run', 'scripts/report.ts', '--month', '5'], { cwd }).ended
  expect(misplaced.stderr).toBe("tricube run: Unknown option '--month'; put the script's own behind --\n")
})

test('keys, jobs and events find the database of a service of the running dev', async () => {
  const ports = await freePorts(2)
  const cwd = await folderOf({
    'one/service.mjs': serviceSource({ name: 'one-service', port: ports[0]!, database: true }),
    'one/migrations/0001_things.up.sql': migrations['migrations/0001_things.up.sql'],
    'two/service.mjs': `
import { contract, service } from ${JSON.stringify(built('index.js').href)}
import { apiKeys } from ${JSON.stringify(built('auth/index.js').href)}
const two = contract('two-service', { who: { route: 'GET /who', auth: 'key' } })
export default service(two, { port: ${ports[1]}, database: {}, auth: { key: apiKeys() }, handlers: { who: () => {} } })`,
  })
  expect((await tricube(['jobs', 'list'], { cwd }).ended).stderr).toBe(
    'tricube jobs needs the database of the service: set DATABASE_URL or pass --url, or start tricube dev in this folder\n',
  )
  const dev = tricube(['dev'], { cwd, env: { DATABASE_URL: await serverWith('one_service', 'two_service') } })
  await dev.printed('Ready in')
  const typed = (...args: string[]) => tricube(args, { cwd }).ended
  expect((await typed('keys', 'list')).stderr).toBe(
    'tricube keys: several services have a database; add --service one-service or --service two-service\n',
  )
  const created = await typed('keys', 'create', '--service', 'two-service', '--name', 'nightly', '--owner', '7')
  expect(created).toMatchObject({ code: 0 })
  const headers = { 'x-api-key': created.stdout.trim() }
  expect((await fetch(`http://127.0.0.1:${ports[1]}/who`, { headers })).status).toBe(200)
  expect((await typed('events', 'list', '--service', 'three')).stderr).toContain(
    '--service must be one-service or two-service',
  )
})

describe('tricube migrate', () => {
  const table = migrations['migrations/0001_things.up.sql']
  const undo = { 'one/migrations/0001_things.down.sql': 'DROP TABLE things;' }

  test('finds the database of the service in its folder, and names it', async () => {
    const cwd = await project(['one', 'two', 'plain'], undo)
    const typed = (...args: string[]) => tricube(['migrate', ...args], { cwd }).ended
    expect(await typed('status', 'one')).toMatchObject({
      code: 2,
      stderr:
        'tricube migrate needs the database of the service: set DATABASE_URL or pass --url, or start tricube dev in this folder\n',
    })
    const server = await serverWith('one_service', 'two_service')
    const dev = tricube(['dev'], { cwd, env: { DATABASE_URL: server } })
    await dev.printed('Ready in')
    const place = `on ${new URL(server).host}/one_service, the database of tricube dev\n`
    expect(await typed('down', 'one', '--allow-destructive')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^0001_things \(\d+ ms\)\n$/) as string,
      stderr: place,
    })
    expect(await typed('status', 'one/service.mjs')).toEqual({
      code: 0,
      stdout: '0001_things  pending\n',
      stderr: place,
    })
    expect((await typed('status', 'two')).stdout).toMatch(/^0001_things  applied/)
    expect(await typed('up', 'one')).toMatchObject({ code: 0, stderr: place })

    expect(await typed('status', 'plain')).toMatchObject({
      code: 1,
      stderr:
        'tricube migrate: the tricube dev in this folder made no database for plain-service: set DATABASE_URL or pass --url\n',
    })
    const later = await folderOf({ 'service.mjs': serviceSource({ name: 'later-service' }) })
    expect((await typed('status', later)).stderr).toContain(
      'does not run later-service: set DATABASE_URL or pass --url',
    )
  })

  test('prefers --url and DATABASE_URL', async () => {
    const cwd = await project(['one'])
    const dev = tricube(['dev'], { cwd, env: { DATABASE_URL: await serverWith('one_service') } })
    await dev.printed('Ready in')
    const nowhere = (name: string): string => `postgres://127.0.0.1:1/${name}`
    const env = { DATABASE_URL: nowhere('variable') }
    const { stderr } = await tricube(['migrate', 'status', 'one'], { cwd, env }).ended
    expect(stderr).toMatch(/^the database variable at 127\.0\.0\.1:1 cannot be reached/)
    const flag = await tricube(['migrate', 'status', 'one', '--url', nowhere('flag')], { cwd, env }).ended
    expect(flag.stderr).toMatch(/^the database flag at 127\.0\.0\.1:1 cannot be reached/)
  })

  test('undoes a migration that you still edit, and dev applies it again', async () => {
    const cwd = await project(['one'], undo)
    const file = join(cwd, 'one/migrations/0001_things.up.sql')
    const edited = table.replace('PRIMARY KEY', 'PRIMARY KEY, note text')
    const dev = tricube(['dev'], { cwd, env: { DATABASE_URL: await serverWith('one_service') } })
    await dev.printed('Ready in')
    const down = () => tricube(['migrate', 'down', 'one', '--allow-destructive'], { cwd }).ended

    await writeFile(file, edited)
    await dev.printed(
      'one-service: 0001_things was applied, and its file has changed since: restore the file first. Then put the change into a new migration or, if only your own database has it, run tricube migrate down and edit it again',
    )
    await dev.printed('one-service restarted')
    expect(await down()).toMatchObject({ code: 1, stdout: '' })
    const from = dev.output().length
    await writeFile(file, table)
    await dev.printed('one-service: the database is up to date again', from)
    await dev.printed('one-service restarted', from)
    expect(await down()).toMatchObject({ code: 0 })
    const undone = dev.output().length
    await writeFile(file, edited)
    await dev.printed('one-service restarted', undone)
    expect((await tricube(['migrate', 'status', 'one'], { cwd }).ended).stdout).toMatch(/^0001_things  applied/)
  })
})

test('keeps the log of the service of a script out of its output', async () => {
  const dist = JSON.stringify(built('index.js').href)
  const sum = `
import { contract, service } from ${dist}
const one = service(contract('one-service', {}), { handlers: {} })
await one.run(({ log }) => { log.info('summing'); console.log('42') })
await one.close()`
  const cwd = await project(['plain'], { 'scripts/sum.mjs': sum, '.env': 'FROM_FILE\n' })
  const dev = tricube(['dev'], { cwd })
  await dev.printed('Ready in')
  const { code, stdout, stderr } = await tricube(['run', 'scripts/sum.mjs'], { cwd }).ended
  expect([code, stdout]).toEqual([0, '42\n'])
  const [warning, line] = stderr.trim().split('\n')
  expect(warning).toBe('.env, line 1: expected NAME=value, found no "="; the line is ignored')
  expect(JSON.parse(line!)).toMatchObject({ msg: 'summing', service: 'one-service' })
  const env = { LOG_STREAM: 'stdout' }
  expect((await tricube(['run', 'scripts/sum.mjs'], { cwd, env }).ended).stdout).toContain('"msg":"summing"')
})

test('stops the script when what started it is killed', async () => {
  const hang = `console.log('pid', process.pid)
setInterval(() => {}, 1000)`
  const cwd = await project(['plain'], { 'scripts/hang.mjs': hang })
  const dev = tricube(['dev'], { cwd })
  await dev.printed('Ready in')
  const line = `[${JSON.stringify(fileURLToPath(built('cli/main.js')))}, 'run', 'scripts/hang.mjs']`
  const starter = `require('node:child_process').spawn(process.execPath, ${line}, { stdio: 'inherit' })`
  const parent = spawn(process.execPath, ['-e', starter], { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void parent.kill('SIGKILL'))
  let output = ''
  parent.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  await vi.waitFor(() => expect(output).toMatch(/pid \d+/), 15_000)
  parent.kill('SIGKILL')
  await vi.waitFor(() => expect(isAlive(Number(/\d+/.exec(output)![0]))).toBe(false), 15_000)
})
