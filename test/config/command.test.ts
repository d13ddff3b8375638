/** `tricube config`: which value is in force, where it comes from, and which variable is misspelt. */
import { expect, test } from 'vitest'
import { built } from '../built.ts'
import { folderOf, tricube } from '../cli/run.ts'

const dist = JSON.stringify(built('index.js').href)
const files = {
  'service.mjs': `import { contract, secret, service, t } from ${dist}
    const settings = { note: t.String({ default: '' }), retries: t.Integer({ default: 3 }), pspKey: secret(t.String({ default: '' })) }
    export default service(contract('a-service', {}), { port: 8123, settings, handlers: {} })`,
  'production.mjs': `export default { port: 8124, retries: 4, pspKey: 'hunter1' }`,
}

/** The row of a variable in what `tricube config service.mjs` prints. */
async function rowsOf(env: NodeJS.ProcessEnv): Promise<{ row: (variable: string) => string[]; stderr: string }> {
  const { code, stdout, stderr } = await tricube(['config', 'service.mjs'], { cwd: await folderOf(files), env }).ended
  expect(code, stderr).toBe(0)
  const rows = stdout.split('\n').map((line) => line.split(/ {2,}/))
  return { row: (variable) => rows.find(([name]) => name === variable)!.slice(1), stderr }
}

test('the service overrides a default, the file the service, and the environment the file', async () => {
  const own = await rowsOf({})
  expect(own.row('PORT')).toEqual(['8123', 'the service'])
  expect(own.row('RETRIES')).toEqual(['3', 'default'])
  const file = await rowsOf({ TRICUBE_CONFIG: 'production.mjs' })
  expect(file.row('PORT')).toEqual(['8124', 'production.mjs'])
  expect(file.row('RETRIES')).toEqual(['4', 'production.mjs'])
  const environment = await rowsOf({ TRICUBE_CONFIG: 'production.mjs', PORT: '8125', RETRIES: '5' })
  expect(environment.row('PORT')).toEqual(['8125', 'environment'])
  expect(environment.row('RETRIES')).toEqual(['5', 'environment'])
})

test('prints JSON for programs, with secrets masked too', async () => {
  const env = { RETRIES: '5', PSP_KEY: 'hunter2' }
  const { code, stdout } = await tricube(['config', 'service.mjs', '--json'], { cwd: await folderOf(files), env }).ended
  expect(code).toBe(0)
  const rows = JSON.parse(stdout) as unknown[]
  expect(rows).toContainEqual({ variable: 'PORT', value: '8123', source: 'the service' })
  expect(rows).toContainEqual({ variable: 'RETRIES', value: '5', source: 'environment' })
  expect(rows).toContainEqual({ variable: 'PSP_KEY', value: '(secret)', source: 'environment' })
  expect(stdout).not.toContain('hunter2')
})

test('a setting that identifies callers is missing like any required one', async () => {
  const source = files['service.mjs']
    .replace('import', `import { jwt } from ${JSON.stringify(built('auth/index.js').href)}\n    import`)
    .replace("'a-service', {}", "'a-service', { say: { route: 'GET /', auth: 'user' } }")
    .replace('settings, handlers: {}', 'settings, auth: { user: jwt() }, handlers: { say() {} }')
  const cwd = await folderOf({ 'service.mjs': source })
  const { code, stdout, stderr } = await tricube(['config', 'service.mjs'], { cwd }).ended
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: 'AUTH_ISSUER is not set: set it in the environment, or authIssuer in tricube.config.ts\n',
  })
  expect(stdout).toMatch(/^AUTH_ISSUER +\(missing\)/m)
  const env = { AUTH_ISSUER: 'https://id.example.com' }
  expect((await tricube(['config', 'service.mjs'], { cwd, env }).ended).code).toBe(0)
})

test('every wrong value is marked, and has a line that says why', async () => {
  const env = { TRICUBE_CONFIG: 'wrong.mjs', PORT: 'eighty', PSP_KEY: 'hunter2', LOG_LEVEL: 'loud' }
  const wrong = `export default { retries: 'three', logLevl: 'debug', smtpUrl: 'smtp://mail' }`
  const source = files['service.mjs']
    .replace('{ note:', '{ bank: t.String(), note:')
    .replace("t.String({ default: '' }))", 't.String({ minLength: 8 }))')
  const cwd = await folderOf({ 'service.mjs': source, 'wrong.mjs': wrong })
  const { code, stdout, stderr } = await tricube(['config', 'service.mjs'], { cwd, env }).ended
  expect(code).toBe(1)
  const rows = new Map(stdout.split('\n').map((line) => [line.split(/ {2,}/)[0]!, line.split(/ {2,}/).slice(1)]))
  expect(rows.get('PORT')).toEqual(['(wrong)', 'environment'])
  expect(rows.get('RETRIES')).toEqual(['(wrong)', 'wrong.mjs'])
  expect(rows.get('PSP_KEY')).toEqual(['(wrong)', 'environment'])
  expect(rows.get('BANK')).toEqual(['(missing)', 'default'])
  expect(rows.get('NOTE')).toEqual(['default'])
  expect(stderr.trim().split('\n').toSorted()).toEqual([
    'BANK is not set: set it in the environment, or bank in tricube.config.ts',
    'LOG_LEVEL in the environment: expected one of trace, debug, info, warn, error, fatal, silent, got "loud"',
    'PORT in the environment: expected a whole number from 0 to 65535, got "eighty"',
    'PSP_KEY in the environment: must NOT have fewer than 8 characters',
    expect.stringMatching(/^logLevl in wrong\.mjs: unknown, expected one of .*; did you mean logLevel\?$/),
    'retries in wrong.mjs: must be integer',
    'smtpUrl in wrong.mjs: the service has no setting with that name',
  ])
  expect(stdout + stderr).not.toContain('hunter2')
})

test('secrets are masked, wherever they come from', async () => {
  const { row } = await rowsOf({
    TRICUBE_CONFIG: 'production.mjs',
    DATABASE_URL: 'postgres://u:hunter2@h/d',
    DATABASE_REPLICA_URLS: 'postgres://u:hunter3@h/d',
    CONSUL_HTTP_TOKEN: 'hunter4',
    OTEL_EXPORTER_OTLP_HEADERS: 'api-key=hunter5',
  })
  expect(row('PSP_KEY')).toEqual(['(secret)', 'production.mjs'])
  for (const variable of ['DATABASE_URL', 'DATABASE_REPLICA_URLS', 'CONSUL_HTTP_TOKEN', 'OTEL_EXPORTER_OTLP_HEADERS']) {
    expect(row(variable)).toEqual(['(secret)', 'environment'])
  }
})

test('a variable that starts like those of tricube and has no setting is named, with the nearest right name', async () => {
  const { stderr } = await rowsOf({
    TRICUBE_REGOIN: 'eu',
    TRICUBE_SERVCES: 'a=b:1',
    TRICUBE_ADMINPORT: '1',
    TRICUBE_COLOUR: 'red',
    TRICUBE_TEST_OWN: 'x', // a user's own, for tests
    TRICUBE_WORKER_COUNT: '2',
    tricube_region: 'eu',
    TRICUBES: 'x',
  })
  const about = ' in the environment: no setting has that name'
  expect(stderr.trim().split('\n').toSorted()).toEqual([
    `TRICUBE_ADMINPORT${about}, did you mean TRICUBE_ADMIN_PORT?`,
    `TRICUBE_COLOUR${about}`,
    `TRICUBE_REGOIN${about}, did you mean TRICUBE_REGION?`,
    `TRICUBE_SERVCES${about}, did you mean TRICUBE_SERVICES?`,
  ])
})

test('a value with control characters is escaped', async () => {
  const { row } = await rowsOf({ NOTE: '1\u001B[31m\n2' })
  expect(row('NOTE')).toEqual(['1\\u001b[31m\\n2', 'environment'])
})
