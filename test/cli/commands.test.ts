import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { readFile, symlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test, vi } from 'vitest'
import { built } from '../built.ts'
import { ask, folderOf, freePorts, serviceSource, tricube } from './run.ts'

test('prints the commands for --help and the package’s version for --version', async () => {
  const help = await tricube(['--help']).ended
  expect(help.code).toBe(0)
  for (const command of ['dev', 'start', 'openapi', 'migrate']) expect(help.stdout).toContain(`\n  ${command} `)
  const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  expect((await tricube(['--version']).ended).stdout).toBe(`${version}\n`)
})

test('rejects an unknown command or option with one line and exit code 2', async () => {
  const unknown = await tricube(['serve']).ended
  expect(unknown).toEqual({
    code: 2,
    stdout: '',
    stderr:
      'tricube: unknown command "serve", expected dev, dashboard, run, start, token, check, test, add, build, openapi, config, events, jobs, keys, migrate; see tricube --help\n',
  })
  const option = await tricube(['start', 'service.js', '--prot', '1']).ended
  expect(option.code).toBe(2)
  expect(option.stderr).toMatch(/^[^\n]*--prot[^\n]*\n$/)
  const port = await tricube(['start', 'service.js', '--port', 'http']).ended
  expect(port.code).toBe(2)
  expect(port.stderr).toBe('tricube start: --port must be an integer from 0 to 65535, got "http"\n')
})

test('rejects an older Node by its version', async () => {
  const pretend = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.18.3' } })"
  const NODE_OPTIONS = `--import data:text/javascript,${encodeURIComponent(pretend)}`
  const { code, stderr } = await tricube(['--help'], { env: { NODE_OPTIONS } }).ended
  expect([code, stderr]).toEqual([1, 'tricube: expected Node 20.19 or newer, got 20.18.3; install a newer Node\n'])
})

test('runs a service until SIGTERM and exits with code 0', async () => {
  const cwd = await folderOf({ 'service.mjs': serviceSource({}) })
  const [port] = await freePorts(1)
  const run = tricube(['start', 'service.mjs', '--port', String(port)], { cwd })
  const url = `http://127.0.0.1:${port}`
  const { pid } = await vi.waitFor(() => ask(url), 5000)
  expect(pid).toBe(run.pid)
  run.signal('SIGTERM')
  expect((await run.ended).code).toBe(0)
})

test('exits with code 1 on a second signal while a service does not stop', async () => {
  const stuck = `export default { name: 'stuck', async listen() { setInterval(() => {}, 1000); console.log('up'); return { url: '' } },
    close: () => new Promise(() => console.log('closing')) }`
  const cwd = await folderOf({ 'service.mjs': stuck })
  const run = tricube(['start', 'service.mjs'], { cwd })
  await run.printed('up')
  run.signal('SIGINT')
  await run.printed('closing')
  run.signal('SIGTERM')
  expect(await run.ended).toMatchObject({
    code: 1,
    stderr: 'stuck: received a second signal, SIGTERM, during shutdown; exiting now\n',
  })
})

test('starts a TypeScript service whose package.json has no "type"', async () => {
  const source = `import { createRequire } from 'node:module'
    import { dirname } from 'node:path'
    import { fileURLToPath } from 'node:url'
    const __filename = fileURLToPath(import.meta.url)
    const __dirname = dirname(__filename)
    const require = createRequire(import.meta.url)
    const name: string = require('./package.json').name
    export default { name, async listen(): Promise<{ url: string }> { console.log('up in', __dirname); return { url: '' } }, async close() {} }
    setInterval(() => {}, 1000)`
  const cwd = await folderOf({ 'package.json': '{ "name": "typed" }', 'service.ts': source })
  const run = tricube(['start', '.'], { cwd })
  await run.printed(`up in ${cwd}`)
  run.signal('SIGTERM')
  expect((await run.ended).code).toBe(0)
})

test('starts a TypeScript service that is CommonJS', async () => {
  const source = `const { contract, service, t } = require('tricube')
    const old = contract('old-service', { ping: { route: 'GET /ping', returns: t.String() } })
    module.exports = service(old, { port: 0, handlers: { ping: (): string => 'pong' } })`
  const cwd = await folderOf({ 'package.json': '{ "type": "commonjs" }', 'service.ts': source })
  await symlink(nodeModules, join(cwd, 'node_modules'))
  const run = tricube(['start', '.'], { cwd })
  await run.printed('listening on http:')
  run.signal('SIGTERM')
  expect((await run.ended).code).toBe(0)
})

test.each([
  ['migrate', 'generate', 'user service', '--name', 'x'],
  ['migrate', 'check', './user service'],
  ['migrate', 'generate', 'user service/service.ts', '--name', 'x'],
  ['openapi', 'user service', ''],
  ['openapi', 'user service/linked.ts', ''],
  ['openapi', '../$here/user service/service.ts', ''],
])('resolves the path of `%s %s %s` from the working folder', async (...args) => {
  const cwd = await folderOf({
    'user service/models.ts': `import { integer, pgTable } from 'drizzle-orm/pg-core'
      export const users = pgTable('users', { id: integer().primaryKey() })`,
    'user service/migrations/.keep': '',
    'user service/service.ts': pingSource("{ handlers: { ping: (): string => 'pong' } }", 'tricube'),
    'user service/linked.ts': pingSource("{ handlers: { ping: (): string => 'pong' } }"), // imports a file: URL
  })
  await symlink(nodeModules, join(cwd, 'node_modules'))
  const typed = args.filter(Boolean).map((word) => word.replace('$here', basename(cwd)))
  const env = { DATABASE_URL: process.env['TRICUBE_TEST_DATABASE_URL'] } // a server of its own would take seconds
  const { code, stdout, stderr } = await tricube(typed, { cwd, env }).ended
  if (args[1] === 'check') {
    expect([code, stdout]).toEqual([1, expect.stringContaining('CREATE TABLE "users"')])
  } else {
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(args[0] === 'openapi' ? /"ping-service"/ : /^user service\/migrations\/0001_x\.up\.sql\n/m)
  }
})

test('reports a failed start with one line and exit code 1', async () => {
  const port = await takenPort()
  const cwd = await folderOf({
    'taken.mjs': serviceSource({ name: 'role-service', port }),
    'none.mjs': 'export const service = 1',
    'package.json': '{}',
    'no-handler.mjs': pingSource('{ handlers: {} }'),
    'no-database.mjs': pingSource("{ migrations: new URL('./', import.meta.url), handlers: { ping() {} } }"),
    'no-certificate.mjs': pingSource("{ tls: { cert: '/nowhere.crt', key: '/nowhere.key' }, handlers: { ping() {} } }"),
    'own-error.mjs': `class ConfigError extends Error { name = 'ConfigError' }
      throw new ConfigError('PORT: expected a number, got "x"')`,
  })
  const failed = async (file: string): Promise<string> => {
    const { code, stderr } = await tricube(['start', file], { cwd }).ended
    expect(code).toBe(1)
    return stderr
  }
  expect(await failed('taken.mjs')).toBe(
    `role-service: port ${port} is in use; stop the process that uses it, or set another port (PORT)\n`,
  )
  expect(await failed('none.mjs')).toBe('none.mjs: no service found; add export default service(contract, …)\n')
  expect(await failed('own-error.mjs')).toBe('PORT: expected a number, got "x"\n')
  expect(await failed('absent.mjs')).toBe('absent.mjs: file not found\n')
  expect(await failed('package.json')).toBe('package.json: expected a TypeScript or JavaScript file\n')
  expect(await failed('no-handler.mjs')).toBe('ping-service: no handler for ping\n')
  expect(await failed('no-database.mjs')).toMatch(
    /^DATABASE_URL in the environment: ping-service has migrations, [^\n]*\n$/,
  )
  expect(await failed('no-certificate.mjs')).toMatch(
    /^\w+-service: tls did not open: tls\.\w+ cannot be read: ENOENT[^\n]*\n$/,
  )
}, 60_000)

test('prints the stack of a bug in a service', async () => {
  const cwd = await folderOf({ 'service.mjs': 'undefined.x' })
  const { code, stderr } = await tricube(['start', 'service.mjs'], { cwd }).ended
  expect(code).toBe(1)
  expect(stderr).toContain('TypeError: Cannot read properties of undefined')
  expect(stderr).toContain(join(cwd, 'service.mjs'))
  expect(stderr).not.toMatch(/node:internal|tricube[/\\](?:src|dist)/) // the frames of its importer are left out
})

test('prints the OpenAPI document', async () => {
  const cwd = await folderOf({ 'service.mjs': pingSource("{ handlers: { ping: () => 'pong' } }") })
  const { code, stdout, stderr } = await tricube(['openapi', 'service.mjs'], { cwd }).ended
  expect(stderr).toBe('')
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({
    info: { title: 'ping-service' },
    paths: { '/ping': { get: { operationId: 'ping' } } },
  })
})

const nodeModules = fileURLToPath(new URL('../../node_modules', import.meta.url))

/** A service's file with these options. */
function pingSource(options: string, tricube = built('index.js').href): string {
  return `import { contract, service, t } from ${JSON.stringify(tricube)}
    const ping = contract('ping-service', { ping: { route: 'GET /ping', returns: t.String() } })
    export default service(ping, ${options})`
}

async function takenPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

test('prints every setting with its value and source', async () => {
  const file = `
    import { contract, secret, service, t } from 'tricube'
    const settings = { pspUrl: t.String({ format: 'uri', default: 'https://psp.example' }), jwtSecret: secret() }
    export default service(contract('pay-service', {}), { port: 8123, settings, handlers: {} })`
  const cwd = await folderOf({
    'pay.mjs': file.replace("'tricube'", JSON.stringify(built('index.js').href)),
  })
  const env = {
    JWT_SECRET: 'hunter2',
    DATABASE_URL: 'postgres://u:hunter3@h/d',
    TRICUBE_REGOIN: 'eu',
    LOG_LEVEL: 'debug',
  }
  const run = tricube(['config', 'pay.mjs'], { cwd, env })
  expect(await run.ended).toMatchObject({ code: 0 })
  const output = run.output()
  for (const [variable, value, from] of [
    ['PORT', '8123', 'the service'],
    ['LOG_LEVEL', 'debug', 'environment'],
    ['DATABASE_URL', '\\(secret\\)', 'environment'],
    ['PSP_URL', 'https://psp.example', 'default'],
    ['JWT_SECRET', '\\(secret\\)', 'environment'],
  ]) {
    expect(output).toMatch(new RegExp(`^${variable} +${value} +${from}$`, 'm'))
  }
  expect(output).toContain('TRICUBE_REGOIN in the environment: no setting has that name, did you mean TRICUBE_REGION?')
  expect(output).not.toContain('hunter')
})
