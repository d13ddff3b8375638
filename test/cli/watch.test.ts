import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test, vi } from 'vitest'
import { built } from '../built.ts'
import { ask, folderOf, freePorts, isAlive, serviceSource, tricube, type Run } from './run.ts'

const main = fileURLToPath(built('cli/main.js'))

/** A folder with a service in `services/alpha`, and what else it needs; dev runs in it. */
async function alphaIn(
  files: Readonly<Record<string, string>>,
  extra = '',
): Promise<{ cwd: string; url: string; run: Run; dev: () => Promise<Run> }> {
  const [port] = await freePorts(1)
  const source = serviceSource({ name: 'alpha-service', port: port!, extra })
  const cwd = await folderOf({ 'services/alpha/service.mjs': source, ...files })
  const dev = async (): Promise<Run> => {
    const run = tricube(['dev', 'services'], { cwd })
    await run.printed('Ready in')
    return run
  }
  return { cwd, url: `http://127.0.0.1:${port}`, run: await dev(), dev }
}

/** Time for dev to load a service between two changes. */
const often = { interval: 2000, timeout: 60_000 }

test('restarts no service for a file that none loads: a log, an upload, a script, a README', async () => {
  const { cwd, url, run } = await alphaIn({ 'services/alpha/lib.mjs': '' }, `import './lib.mjs'`)
  const { pid } = await ask(url)
  await mkdir(join(cwd, 'services/alpha/uploads'))
  for (const file of [
    'dev.log',
    'services/dev.log',
    'services/README.md',
    'services/alpha/uploads/a.bin',
    'services/alpha/notes.md',
    'services/alpha/service.test.mjs',
    'services/cron.mjs',
    'cron.mjs',
  ])
    await writeFile(join(cwd, file), 'text')
  await rm(join(cwd, 'cron.mjs'))
  await appendFile(join(cwd, 'services/alpha/lib.mjs'), ' ') // comes after all of them, so they have been seen
  await run.printed('alpha-service restarted')
  expect(run.output().match(/.* changed: restarting.*/g)).toEqual(['lib.mjs changed: restarting alpha-service'])
  expect((await ask(url)).pid).not.toBe(pid)
})

test('restarts a service for a loaded file in any folder, including files that it loads since a change', async () => {
  const { cwd, run } = await alphaIn({ 'lib/money.mjs': '', 'lib/later.mjs': '' }, `import '../../lib/money.mjs'`)
  const changed = async (file: string, text: string): Promise<void> => {
    const from = run.output().length
    await appendFile(join(cwd, file), text)
    await run.printed('alpha-service restarted', from)
  }
  await changed('lib/money.mjs', `\nimport './later.mjs'`)
  await vi.waitFor(() => changed('lib/later.mjs', ' '), 15_000)
})

test('stops without an error after an editor has saved by renaming', async () => {
  const { cwd, run } = await alphaIn({})
  const file = join(cwd, 'services/alpha/service.mjs')
  for (let saves = 0; saves < 3; saves++) {
    const from = run.output().length
    await writeFile(`${file}~`, `${await readFile(file, 'utf8')}\n// ${saves}`)
    await rename(`${file}~`, file)
    await run.printed('alpha-service restarted', from)
  }
  run.signal('SIGINT')
  expect((await run.ended).code).toBe(0)
  expect(run.output()).not.toContain('TypeError')
})

test('starts a service when its missing file appears', async () => {
  const { cwd, run } = await alphaIn({})
  await appendFile(join(cwd, 'services/alpha/service.mjs'), `\nimport './missing.mjs'`)
  await run.printed('alpha-service exited with code 1')
  await writeFile(join(cwd, 'services/alpha/missing.mjs'), '')
  await run.printed('alpha-service restarted')
})

test('stops a service whose folder is deleted, and starts it when it comes back', async () => {
  const { cwd, url, run } = await alphaIn({})
  const file = join(cwd, 'services/alpha/service.mjs')
  const source = await readFile(file, 'utf8')
  await rm(join(cwd, 'services/alpha'), { recursive: true })
  await run.printed('alpha-service was stopped: services/alpha/service.mjs is gone')
  await expect(ask(url)).rejects.toThrow()
  await mkdir(join(cwd, 'services/alpha'))
  await writeFile(file, source)
  await run.printed('alpha-service was added')
  expect(await ask(url)).toMatchObject({ pid: expect.any(Number) })
})

test('starts a new service as soon as its file exports one', async () => {
  const { cwd, run } = await alphaIn({})
  const [port] = await freePorts(1)
  await mkdir(join(cwd, 'services/gamma'))
  await writeFile(join(cwd, 'services/gamma/service.mjs'), 'export default 1')
  await run.printed('services/gamma/service.mjs: no service found')
  await writeFile(join(cwd, 'services/gamma/service.mjs'), serviceSource({ name: 'gamma-service', port: port! }))
  await run.printed(
    new RegExp(`gamma-service was added:\n.*\n.*alpha-service .*\n.*gamma-service +http://127.0.0.1:${port}`),
  )
  expect((await ask(`http://127.0.0.1:${port}`)).pid).toBeGreaterThan(0)
  const from = run.output().length
  await appendFile(join(cwd, 'services/gamma/service.mjs'), ' ')
  await run.printed('gamma-service restarted', from)
  expect(run.output()).not.toContain('restarting alpha-service')
}, 60_000)

test('starts a new service once the file that it loads is mended, in its folder or in another one', async () => {
  const { cwd, run } = await alphaIn({ 'lib/money.mjs': 'export const one = 1' })
  const [port] = await freePorts(1)
  const write = (file: string, text: string): Promise<void> => writeFile(join(cwd, file), text)
  await mkdir(join(cwd, 'services/gamma'))
  await write('services/gamma/contract.mjs', `throw new Error('no name in the contract')`)
  const extra = `import './contract.mjs'; import { two } from '../../lib/money.mjs'`
  await write('services/gamma/service.mjs', serviceSource({ name: 'gamma-service', port: port!, extra }))
  await run.printed('services/gamma/service.mjs: ')
  // The first change may come before dev watches the files that did not load.
  const mended = async (file: string, text: string): Promise<string> => {
    await write(file, text)
    return run.output()
  }
  await expect.poll(() => mended('lib/money.mjs', 'export const one = 1, two = 2'), often).toContain('no name in the')
  await expect.poll(() => mended('services/gamma/contract.mjs', ''), often).toContain('gamma-service was added:')
  await expect
    .poll(() => ask(`http://127.0.0.1:${port}`).catch(() => undefined))
    .toMatchObject({ NODE_ENV: 'development' })
  expect(run.output()).not.toContain('restarting alpha-service')
})

test('starts a new TypeScript service once its contract compiles', async () => {
  const { cwd, run } = await alphaIn({ 'services/gamma/contract.ts': `export const name: string = 'gamma' +` })
  const [port] = await freePorts(1)
  const source = serviceSource({ name: 'gamma-service', port: port!, extra: `import './contract.ts'` })
  await writeFile(join(cwd, 'services/gamma/service.ts'), source)
  await run.printed('services/gamma/service.ts: ')
  const mended = async (): Promise<string> => {
    await writeFile(join(cwd, 'services/gamma/contract.ts'), `export const name: string = 'gamma'`)
    return run.output()
  }
  await expect.poll(mended, often).toContain('gamma-service was added:')
})

test('restarts a service once a file that it began to load is mended', async () => {
  const { cwd, run } = await alphaIn({ 'lib/money.mjs': 'export const one = 1' })
  await appendFile(join(cwd, 'services/alpha/service.mjs'), `\nimport { two } from '../../lib/money.mjs'`)
  await run.printed('alpha-service exited with code 1')
  const mended = async (): Promise<string> => {
    await writeFile(join(cwd, 'lib/money.mjs'), 'export const one = 1, two = 2')
    return run.output()
  }
  await expect.poll(mended, often).toContain('alpha-service restarted')
})

test('warns of lines of .env that set nothing, and reads the others', async () => {
  const print = `console.log('greeting:', process.env.GREETING, process.env.NEXT)`
  const text = 'GREETING\nexport NEXT=1\nKEY="a\nb"\n  # a comment\nGREETING = hello\nsk_live_17\n'
  const { cwd, run } = await alphaIn({ '.env': text }, print)
  const warnings = () => run.output().match(/\.env, line .*/g)
  const about = 'expected NAME=value, found no "="; the line is ignored'
  expect(warnings()).toEqual([`.env, line 1: ${about}`, `.env, line 7: ${about}`])
  expect(run.output()).toContain('greeting: hello 1')
  expect(run.output()).not.toContain('sk_live_17')
  await writeFile(join(cwd, '.env'), 'NEXT 2')
  await run.printed('alpha-service restarted')
  expect(warnings()!.slice(2)).toEqual([`.env, line 1: ${about}`])
})

test('reads .env again when it changes; variables that are already set win', async () => {
  const print = `console.log('greeting:', process.env.GREETING, 'home:', process.env.HOME)`
  const { cwd, run } = await alphaIn({ '.env': 'GREETING="good morning"\nHOME=/nowhere\n' }, print)
  expect(run.output()).toContain(`greeting: good morning home: ${process.env['HOME']}`)
  const from = run.output().length
  await writeFile(join(cwd, '.env'), 'GREETING=goodbye\n')
  await run.printed('.env changed: restarting alpha-service', from)
  await run.printed('greeting: goodbye', from)
  const then = run.output().length
  await writeFile(join(cwd, 'tricube.config.mjs'), 'export default {}')
  await run.printed('tricube.config.mjs changed: restarting alpha-service', then)
})

test('rejects a second dev in a folder, and starts after a dev that was killed', async () => {
  const { cwd, run, dev } = await alphaIn({})
  expect(await tricube(['dev', 'services'], { cwd }).ended).toMatchObject({
    code: 1,
    stderr: `tricube dev already runs in this folder (pid ${run.pid}); stop it, or use its services\n`,
  })
  run.signal('SIGKILL')
  await run.ended
  const again = await vi.waitFor(dev, 15_000)
  again.signal('SIGTERM')
  expect((await again.ended).code).toBe(0)
})

test.each([
  ['a program', (line: string) => `require('node:child_process').spawn(${line}, { stdio: 'inherit' })`],
  [
    'npm (whose shell keeps running)',
    (line: string) =>
      `process.env.npm_execpath = 'npm'; const [node, argv] = [${line}]; const line = [node, ...argv].map((word) => "'" + word + "'").join(' ')
       require('node:child_process').spawn('sh', ['-c', line + '; exit 0'], { stdio: 'inherit' })`,
  ],
])('stops everything when %s that started it is killed', async (_, starter) => {
  const [port] = await freePorts(1)
  const cwd = await folderOf({ 'service.mjs': serviceSource({ name: 'alpha-service', port: port! }) })
  const script = starter(`process.execPath, [${JSON.stringify(main)}, 'dev']`)
  const parent = spawn(process.execPath, ['-e', script], { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void parent.kill('SIGKILL'))
  let output = ''
  parent.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  await vi.waitFor(() => expect(output).toContain('Ready in'), 15_000)
  const { pid } = await ask(`http://127.0.0.1:${port}`)
  parent.kill('SIGKILL')
  await once(parent, 'exit')
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), 15_000)
  expect(output).toContain('\ntricube dev stops: its parent process has ended\nstopping\n')
})

test('prints a failed migration once, and marks the service in the table until it is fixed', async () => {
  const [port] = await freePorts(1)
  const cwd = await folderOf({
    'service.mjs': serviceSource({ name: 'alpha-service', port: port!, database: true }),
    'migrations/0001_things.up.sql': 'CREATE TABLE things (id integer PRIMARY KEY);',
    'migrations/0002_more.up.sql': 'ALTER TABLE thinks ADD COLUMN a integer;',
    'seed.sql': 'INSERT INTO things VALUES (1);',
  })
  const run = tricube(['dev'], { cwd })
  await run.printed('Ready in')
  const line = 'alpha-service: 0002_more.up.sql, line 1: relation "thinks" does not exist'
  const times = (): number => run.output().split(line).length - 1
  expect(times()).toBe(1)
  expect(run.output()).toMatch(/alpha-service +http.*\(not up to date\)/)

  const from = run.output().length
  await appendFile(join(cwd, 'service.mjs'), ' ')
  await run.printed('alpha-service restarted', from)
  expect(times()).toBe(1)
  await writeFile(join(cwd, 'migrations/0002_more.up.sql'), 'ALTER TABLE things ADD COLUMN a integer;')
  await run.printed('alpha-service: the database is up to date again', from)
  await vi.waitFor(async () => expect((await ask(`http://127.0.0.1:${port}`)).things).toBe(1), 10_000)
  expect(times()).toBe(1)
  expect(run.output()).not.toContain('alpha-service: alpha-service')
}, 60_000)
