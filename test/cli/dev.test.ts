import { once } from 'node:events'
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import pg from 'pg'
import { expect, onTestFinished, test, vi } from 'vitest'
import { built } from '../built.ts'
import { ask, folderOf, freePorts, isAlive, serviceSource, tricube } from './run.ts'

const sql = {
  'migrations/0001_things.up.sql': 'CREATE TABLE things (id integer PRIMARY KEY);',
  'seed.sql': 'INSERT INTO things SELECT generate_series(1, 3);',
}

/** Two services, alpha with a database and beta without, each in its folder. */
async function twoServices(): Promise<{ cwd: string; alpha: string; beta: string; ports: number[] }> {
  const ports = await freePorts(2)
  const [alpha, beta] = ports.map((port) => `http://127.0.0.1:${port}`) as [string, string]
  const cwd = await folderOf({
    'alpha/service.mjs': serviceSource({
      name: 'alpha-service',
      port: ports[0]!,
      database: true,
      extra: `import './contract.mjs'; import '../shared.mjs'`,
    }),
    ...Object.fromEntries(Object.entries(sql).map(([name, text]) => [`alpha/${name}`, text])),
    'alpha/contract.mjs': '',
    'beta/service.mjs': serviceSource({
      name: 'beta-service',
      port: ports[1]!,
      extra: `import '../alpha/contract.mjs'; import '../shared.mjs'`,
    }),
    'shared.mjs': '',
  })
  return { cwd, alpha, beta, ports }
}

test('runs a folder of services with an embedded PostgreSQL, twice, and leaves no process behind', async () => {
  const { cwd, alpha, beta } = await twoServices()
  for (const _ of ['first', 'again']) {
    const run = tricube(['dev'], { cwd })
    await run.printed('Ready in')
    expect(run.output()).toMatch(new RegExp(`alpha-service +${alpha} +${alpha}/docs +postgres://.*/alpha_service\n`))
    const [a, b] = await Promise.all([ask(alpha), ask(beta)])
    expect(a).toMatchObject({ things: 3, NODE_ENV: 'development' })
    expect(b.CONSUL_HTTP_ADDR).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(run.output()).toContain(`Consul, in memory: ${b.CONSUL_HTTP_ADDR}\n`)
    expect(b.DATABASE_URL).toBeUndefined()
    const server = Number((await readFile(join(cwd, '.tricube/postgres/data/postmaster.pid'), 'utf8')).split('\n')[0])
    expect(isAlive(server)).toBe(true)

    run.signal('SIGINT')
    expect(await run.ended).toMatchObject({ code: 0, stderr: '' })
    expect([a.pid, b.pid, server].filter(isAlive)).toEqual([])
  }
})

test('restarts the services that load a changed file, and the service of a changed migration', async () => {
  const { cwd, alpha, beta } = await twoServices()
  const run = tricube(['dev', '.'], { cwd, env: { DATABASE_URL: await emptyServer('alpha_service') } })
  await run.printed('Ready in')
  const pids = async (): Promise<number[]> => (await Promise.all([ask(alpha), ask(beta)])).map(({ pid }) => pid)
  const afterChange = async (file: string, text = ' '): Promise<number[]> => {
    const from = run.output().length
    await mkdir(join(cwd, file, '..'), { recursive: true })
    await appendFile(join(cwd, file), text)
    for (const name of file.startsWith('beta')
      ? ['beta']
      : file.startsWith('alpha/m')
        ? ['alpha']
        : ['alpha', 'beta']) {
      await run.printed(`${name}-service restarted`, from)
    }
    return pids()
  }
  const first = await pids()
  const second = await afterChange('beta/service.mjs')
  expect(second[0]).toBe(first[0])
  expect(second[1]).not.toBe(first[1])

  const third = await afterChange('alpha/contract.mjs')
  expect(third.filter((pid) => second.includes(pid))).toEqual([])
  const fourth = await afterChange('shared.mjs')
  expect(fourth.filter((pid) => third.includes(pid))).toEqual([])

  await mkdir(join(cwd, 'beta/test'))
  await writeFile(join(cwd, 'beta/test/a.mjs'), '') // nothing that runs
  await afterChange('alpha/migrations/0002_more.up.sql', 'INSERT INTO things VALUES (4);')
  expect((await ask(alpha)).things).toBe(4)
  expect((await pids())[1]).toBe(fourth[1])
})

test('prints the exit code and last lines of a service that exits, and restarts it on the next change', async () => {
  const ports = await freePorts(2)
  const [crashing, well] = ports.map((port) => `http://127.0.0.1:${port}`) as [string, string]
  const cwd = await folderOf({
    'crashing/service.mjs': serviceSource({ name: 'crashing', port: ports[0]! }),
    'well/service.mjs': serviceSource({ name: 'well', port: ports[1]! }),
  })
  const run = tricube(['dev'], { cwd })
  await run.printed('Ready in')
  await expect(ask(`${crashing}/die`)).rejects.toThrow()
  await run.printed(
    /crashing exited with code 7; fix it and save to start it again\. Last lines of its output:\n {4}\d\d:\d\d:\d\d\.\d{3} INFO {2}request path=\/die\n/,
  )
  expect(await ask(well)).toBeDefined()
  await appendFile(join(cwd, 'crashing/service.mjs'), '\nthrow new Error("no longer")')
  await run.printed('crashing exited with code 1')
  await writeFile(join(cwd, 'crashing/service.mjs'), serviceSource({ name: 'crashing', port: ports[0]! }))
  await run.printed('crashing restarted')
  expect(await ask(crashing)).toBeDefined()
})

test('reports a failed start of dev with one line and exit code 1', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  onTestFinished(() => void taken.close())
  const { port } = taken.address() as { port: number }
  const cwd = await folderOf({
    'taken/service.mjs': serviceSource({ name: 'role-service', port }),
    'empty/readme.md': '',
    'broken/a/service.mjs': 'throw new TypeError("not today")',
    'broken/b/service.mjs': 'export default 1',
    'twins/a/service.mjs': serviceSource({ name: 'a', port: 8020 }),
    'twins/b/service.mjs': serviceSource({ name: 'b', port: 8020 }),
    'namesakes/a/service.mjs': serviceSource({ name: 'a' }),
    'namesakes/b/service.mjs': serviceSource({ name: 'a' }),
  })
  const failed = async (dir: string): Promise<string> => {
    const { code, stderr } = await tricube(['dev', dir], { cwd }).ended
    expect(code).toBe(1)
    return stderr
  }
  const lines = await Promise.all(['taken', 'empty', 'nowhere', 'twins', 'namesakes'].map(failed))
  expect(lines).toEqual([
    `role-service: port ${port} is in use, perhaps by another tricube dev; stop that process or change the port\n`,
    'empty: no service found; expected service.ts or */service.ts in this folder; add one there with tricube add service billing\n',
    'nowhere: folder not found\n',
    'twins/a/service.mjs and twins/b/service.mjs have the same port, 8020; change one of them\n',
    'namesakes/a/service.mjs and namesakes/b/service.mjs have the same name, a; change one of them\n',
  ])
  expect(await failed('broken')).toMatch(
    /^broken\/a\/service.mjs: TypeError: not today \(.*broken\/a\/service.mjs:1:7\)\nbroken\/b\/service.mjs: .*: no service found.*\n$/,
  )
})

test('says so when its PostgreSQL dies, and starts it again with the same data', async () => {
  const { cwd, alpha } = await twoServices()
  const run = tricube(['dev'], { cwd })
  await run.printed('Ready in')
  const { pid, DATABASE_URL } = await ask(alpha)
  await queryOf(DATABASE_URL!, 'INSERT INTO things VALUES (99)')
  const lock = join(cwd, '.tricube/postgres/data/postmaster.pid')
  const server = async (): Promise<number> => Number((await readFile(lock, 'utf8')).split('\n')[0])
  for (const signal of ['SIGKILL', 'SIGQUIT'] as const) {
    const from = run.output().length
    const before = await server()
    process.kill(before, signal)
    await run.printed('PostgreSQL has ended unexpectedly: starting it again, with the same data', from)
    await run.printed('PostgreSQL runs again', from)
    await expect.poll(() => ask(alpha).catch(() => undefined)).toMatchObject({ pid, things: 4, DATABASE_URL })
    expect(isAlive(before)).toBe(false)
  }
  const last = await server()
  run.signal('SIGINT')
  expect(await run.ended).toMatchObject({ code: 0, stderr: '' })
  expect(isAlive(last)).toBe(false)
}, 60_000)

test('lets services share a configuration file, whose settings need not belong to all of them', async () => {
  const ports = await freePorts(2)
  const dist = JSON.stringify(built('index.js').href)
  const source = (name: string, port: number, settings: string): string => `
    import { contract, service, t } from ${dist}
    const settings = { ${settings} }
    export default service(contract('${name}', { show: { route: 'GET /show', returns: t.Unknown() } }), {
      port: ${port}, settings, handlers: { show: ({ settings }) => settings } })`
  const cwd = await folderOf({
    'pay/service.mjs': source('pay-service', ports[0]!, 'pspUrl: t.String()'),
    'mail/service.mjs': source('mail-service', ports[1]!, 'smtpUrl: t.String()'),
    'tricube.config.mjs': `export default { pspUrl: 'https://psp', smtpUrl: 'smtp://mail', colour: 'red' }`,
  })
  const run = tricube(['dev'], { cwd })
  await run.printed('Ready in')
  const shown = await Promise.all(ports.map((port) => fetch(`http://127.0.0.1:${port}/show`)))
  expect(await Promise.all(shown.map((response) => response.json()))).toEqual([
    { code: 0, data: { pspUrl: 'https://psp' } },
    { code: 0, data: { smtpUrl: 'smtp://mail' } },
  ])
  const warnings = run.output().match(/\w+ in tricube\.config\.mjs: .*/g)
  const warning = 'colour in tricube.config.mjs: the service has no setting with that name'
  expect(warnings).toEqual([warning, warning])
})

test('leaves no process behind when dev is killed', async () => {
  const { cwd, alpha, beta } = await twoServices()
  const run = tricube(['dev'], { cwd })
  await run.printed('Ready in')
  const { pid: a, DATABASE_URL: url } = await ask(alpha)
  const { pid: b } = await ask(beta)
  const server = Number((await readFile(join(cwd, '.tricube/postgres/data/postmaster.pid'), 'utf8')).split('\n')[0])
  run.signal('SIGKILL')
  await run.ended
  await vi.waitFor(() => expect([a, b, server].filter(isAlive)).toEqual([]), 15_000)
  await expect(new pg.Client(url).connect()).rejects.toThrow('ECONNREFUSED')
}, 40_000)

test('exits on a second Ctrl-C without waiting for a service that hangs', async () => {
  const [port] = await freePorts(1)
  const hanging = serviceSource({ name: 'hanging', port: port! }).replace(
    'async close() {',
    'async close() { for (;;);',
  )
  const cwd = await folderOf({ 'service.mjs': hanging })
  const run = tricube(['dev'], { cwd })
  await run.printed('Ready in')
  const { pid } = await ask(`http://127.0.0.1:${port}`)
  run.signal('SIGINT')
  await run.printed('stopping')
  run.signal('SIGINT')
  expect((await run.ended).code).toBe(1)
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), 5000)
})

async function queryOf(url: string, text: string): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  await client.query(text)
  await client.end()
}

/** The run's PostgreSQL, without a database that another test has left. */
async function emptyServer(database: string): Promise<string> {
  const url = process.env['TRICUBE_TEST_DATABASE_URL']!
  const drop = async (): Promise<void> => {
    const client = new pg.Client(url)
    await client.connect()
    await client.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`)
    await client.end()
  }
  await drop()
  onTestFinished(drop)
  return url
}
