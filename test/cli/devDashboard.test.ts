/** The dashboard of `tricube dev`, as its user gets it. */
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { built } from '../built.ts'
import { authority } from '../http/certificates.ts'
import { ask, folderOf, freePorts, isAlive, serviceSource, tricube, type Run } from './run.ts'

async function oneService(extra = ''): Promise<{ cwd: string; url: string }> {
  const [port] = await freePorts(1)
  const cwd = await folderOf({ 'alpha/service.mjs': serviceSource({ name: 'alpha-service', port: port!, extra }) })
  return { cwd, url: `http://127.0.0.1:${port}` }
}

/** Asks the API of a dashboard as its page does. */
function pageOf(run: Run) {
  const url = new URL(/Dashboard: (\S+)/.exec(run.output())![1]!)
  const headers = {
    cookie: `tricube-dashboard-${url.port}=${url.searchParams.get('token')}`,
    'x-tricube-dashboard': '1',
  }
  return {
    url,
    json: async (path: string): Promise<any> => (await fetch(`${url.origin}/${path}`, { headers })).json(),
    send: async (body: object): Promise<any> =>
      (await fetch(`${url.origin}/api/send`, { method: 'POST', headers, body: JSON.stringify(body) })).json(),
    change: (path: string) => fetch(`${url.origin}/${path}`, { method: 'POST', headers }),
  }
}

it('prints its URL, shows the lines of services, and starts and stops them', { timeout: 60_000 }, async () => {
  const { cwd, url } = await oneService()
  const run = tricube(['dev', '--dashboard-port', '0'], { cwd })
  await run.printed('Ready in')
  const page = pageOf(run)
  const alpha = async () => (await page.json('api/state')).services[0]
  expect(await alpha()).toMatchObject({ name: 'alpha-service', status: 'ready', url, isManaged: true })
  const { pid } = await ask(url)
  expect((await alpha()).pid).toBe(pid)
  await expect
    .poll(async () => (await page.json('api/logs')).lines)
    .toMatchObject([{ service: 'alpha-service', message: 'request' }])

  expect((await page.change('api/services/alpha-service/stop')).status).toBe(200)
  expect(await alpha()).toMatchObject({ status: 'stopped' })
  expect(isAlive(pid)).toBe(false)
  await page.change('api/services/alpha-service/start')
  const second = await ask(url)
  expect(second.pid).not.toBe(pid)
  // Twice at once is once.
  await Promise.all([
    page.change('api/services/alpha-service/restart'),
    page.change('api/services/alpha-service/restart'),
  ])
  expect((await ask(url)).pid).not.toBe(second.pid)
  expect(isAlive(second.pid)).toBe(false)
  expect((await page.change('api/services/alpha-service/start')).status).toBe(200)

  await fetch(`${url}/die`).catch(() => {})
  await expect.poll(alpha).toMatchObject({
    status: 'failed',
    reason: 'exited with code 7',
    lastLines: expect.arrayContaining([expect.stringContaining('/die')]),
  })
  expect((await page.json('api/state')).messages.at(-1).text).toContain('alpha-service exited with code 7')
  await page.change('api/services/alpha-service/restart')
  expect(await alpha()).toMatchObject({ status: 'ready' })

  run.signal('SIGINT')
  expect(await run.ended).toMatchObject({ code: 0 })
})

it(
  'keeps its token and its lines over a restart, and takes the next port when one is taken',
  { timeout: 60_000 },
  async () => {
    const { cwd, url } = await oneService()
    const [port] = await freePorts(1)
    const first = tricube(['dev', '--dashboard-port', String(port)], { cwd })
    await first.printed('Ready in')
    const before = pageOf(first)
    expect(before.url.port).toBe(String(port))
    await ask(url)
    await expect.poll(async () => (await before.json('api/logs')).lines.length).toBe(1)

    const other = await oneService()
    const beside = tricube(['dev', '--dashboard-port', String(port)], { cwd: other.cwd })
    await beside.printed('Ready in')
    expect(beside.output()).toMatch(new RegExp(`port ${port} is in use: the dashboard listens on \\d+`))
    expect(pageOf(beside).url.port).not.toBe(String(port))

    first.signal('SIGINT')
    await first.ended
    const second = tricube(['dev', '--dashboard-port', String(port)], { cwd })
    await second.printed('Ready in')
    const after = pageOf(second)
    expect(after.url.href).toBe(before.url.href)
    expect((await after.json('api/logs')).lines).toHaveLength(1)
  },
)

it('knows the contract of a service with client certificates, also when it has changed', async () => {
  const ca = authority()
  const [port] = await freePorts(1)
  const tls = { ...ca.sign('alpha-service'), ca: ca.cert, requestCert: true }
  const source = (operation: string) => `import { contract, service, t } from '${built('index.js').href}'
    const alpha = contract('alpha-service', { ${operation}: { route: 'GET /${operation}', returns: t.String() } })
    const handlers = { ${operation}: () => '${operation} it is' }
    export default service(alpha, { port: ${port}, tls: ${JSON.stringify(tls)}, handlers })`
  const cwd = await folderOf({ 'alpha/service.mjs': source('first') })
  const run = tricube(['dev', '--dashboard-port', '0'], { cwd })
  await run.printed('Ready in')
  const { json, send } = pageOf(run)
  const pathsOf = async () => Object.keys((await json('api/services/alpha-service/openapi')).paths)
  expect(await pathsOf()).toEqual(['/first'])
  expect(JSON.parse((await send({ service: 'alpha-service', method: 'GET', path: '/first' })).body).data).toBe(
    'first it is',
  )
  await writeFile(join(cwd, 'alpha/service.mjs'), source('second'))
  await expect.poll(pathsOf, { timeout: 20_000 }).toEqual(['/second'])
}, 60_000)

it('shows a service that does not start, with the reason', async () => {
  const { cwd } = await oneService(
    `await new Promise((resolve) => setImmediate(resolve)); if (process.argv.includes('start')) throw new Error('no licence')`,
  )
  const run = tricube(['dev', '--dashboard-port', '0'], { cwd })
  await run.printed('Ready in')
  const [alpha] = (await pageOf(run).json('api/state')).services
  expect(alpha).toMatchObject({ status: 'failed', reason: expect.stringContaining('exited with code') })
  expect(alpha.lastLines.join('\n')).toContain('no licence')
})

it('is not opened on request, nor in production without a token', { timeout: 60_000 }, async () => {
  const { cwd } = await oneService()
  const off = tricube(['dev', '--no-dashboard'], { cwd })
  await off.printed('Ready in')
  expect(off.output()).not.toContain('Dashboard')
  expect(existsSync(join(cwd, '.tricube', 'dashboard'))).toBe(false)
  off.signal('SIGINT')
  await off.ended

  const production = tricube(['dev'], { cwd, env: { NODE_ENV: 'production' } })
  await production.printed('Ready in')
  expect(production.output()).toContain('no dashboard: NODE_ENV is production; set TRICUBE_DASHBOARD_TOKEN')
  production.signal('SIGINT')
  await production.ended

  const told = tricube(['dev', '--dashboard-port', '0'], {
    cwd,
    env: { NODE_ENV: 'production', TRICUBE_DASHBOARD_TOKEN: 'a-secret-of-the-user' },
  })
  await told.printed(/Dashboard: http:\/\/127\.0\.0\.1:\d+\/\?token=a-secret-of-the-user/)
})

it('rejects a wrong port', async () => {
  const { cwd } = await oneService()
  const { code, stderr } = await tricube(['dev', '--dashboard-port', 'http'], { cwd }).ended
  expect(code).toBe(2)
  expect(stderr).toContain('--dashboard-port must be a port from 0 to 65535, got "http"')
})

it('says which variable sends the traces elsewhere', async () => {
  const { cwd } = await oneService()
  const run = tricube(['dev', '--dashboard-port', '0'], {
    cwd,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' },
  })
  await run.printed('Ready in')
  expect((await pageOf(run).json('api/state')).tracesOff).toContain('OTEL_EXPORTER_OTLP_ENDPOINT')
})

it('says where the settings of a service come from', async () => {
  const source = `import { contract, service, t } from ${JSON.stringify(built('index.js').href)}
    export default service(contract('alpha-service', {}), { settings: { retries: t.Integer() }, handlers: {} })`
  const files = { 'alpha/service.mjs': source, '.env': 'RETRIES=5\nLOG_REQUESTS=0.5\nTRICUBE_ZONE=a\n' }
  const cwd = await folderOf({ ...files, 'tricube.config.mjs': "export default { region: 'eu' }" })
  const run = tricube(['dev', '--dashboard-port', '0'], { cwd, env: { LOG_REQUESTS: '1' } })
  await run.printed('Ready in')
  const page = pageOf(run)
  const rows = async () => (await page.json('api/services/alpha-service/settings')) as object[]
  expect(await rows()).toEqual(
    expect.arrayContaining([
      { variable: 'RETRIES', value: '5', source: '.env' },
      { variable: 'LOG_REQUESTS', value: '1', source: 'environment' },
      { variable: 'CONSUL_HTTP_ADDR', value: expect.stringContaining('http://') as string, source: 'tricube dev' },
      { variable: 'PORT', value: expect.stringMatching(/^\d+$/) as string, source: 'tricube dev' },
      { variable: 'COOKIE_SECRETS', value: '(secret)', source: 'tricube dev' },
      { variable: 'TRICUBE_REGION', value: 'eu', source: 'tricube.config.mjs' },
      { variable: 'TRICUBE_WEIGHT', value: '1', source: 'default' },
    ]),
  )
  await writeFile(join(cwd, '.env'), 'RETRIES=6\n')
  await run.printed('alpha-service restarted')
  expect(await rows()).toContainEqual({ variable: 'RETRIES', value: '6', source: '.env' })
  expect(await rows()).toContainEqual(expect.objectContaining({ variable: 'TRICUBE_ZONE', source: 'default' }))
})
