import { execFile } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import { built } from '../built.ts'
import { cases } from '../compatibility/cases.ts'
import { folderOf, tricube } from './run.ts'

vi.setConfig({ testTimeout: 120_000 }) // each run loads services

const index = built('index.js').href

/** A service's file; `definition` is what follows the name in `contract(…)`. */
function serviceOf(name: string, definition: string, more = ''): string {
  return `import { contract, cookie, file, form, jobs, multipart, NotFound, raw, redirect, service, t, text, upload } from ${JSON.stringify(index)}
    import { jwt, mtls } from ${JSON.stringify(new URL('auth/index.js', index).href)}
    const own = contract('${name}', ${definition})
    const asksFor = (scheme) => Object.values(own.operations).some(({ auth }) => [auth].flat().includes(scheme))
    const auth = {
      ...(asksFor('user') && { user: jwt({ issuer: 'https://login.example', audience: 'shop' }) }),
      ...(asksFor('service') && { service: mtls({ trust: 'spiffe://shop/' }) }),
    }
    const tls = asksFor('service') ? { tls: { cert: 'c.pem', key: 'k.pem', ca: 'ca.pem', requestCert: true } } : {}
    const handlers = Object.fromEntries(Object.keys(own.operations).map((operation) => [operation, () => {}]))
    export default service(own, { handlers, database: {}, auth, ...tls, ${more} })`
}

const order = (status: string) =>
  serviceOf('order-service', `{ get: { route: 'GET /orders/:id', returns: t.Object({ status: ${status} }) } }`)
const paid = order(`t.Union([t.Literal('paid')])`)
const onHold = order(`t.Union([t.Literal('paid'), t.Literal('on_hold')])`)
const mail = serviceOf(
  'mail-service',
  '{}',
  `clients: { orders: contract('order-service', { get: { route: 'GET /orders/:id' } }) }`,
)

const check = (cwd: string, ...args: string[]) => tricube(['check', ...args], { cwd }).ended

async function git(cwd: string, ...args: string[]): Promise<void> {
  await promisify(execFile)('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd })
}

describe('each change of a contract', () => {
  it('has its verdict', async () => {
    expect(cases.length).toBeGreaterThanOrEqual(80)
    const files = (version: 'before' | 'after') =>
      cases.map((one, i) => [`${i}/service.mjs`, serviceOf(`case-${i}`, one[version])] as const)
    const cwd = await folderOf(Object.fromEntries(files('before')))
    expect(await check(cwd, '--write')).toMatchObject({ code: 0, stderr: '' })
    expect(await check(cwd)).toEqual({
      code: 0,
      stderr: '',
      stdout: `0 breaking, 0 risky and 0 safe changes in ${cases.length} services\n`,
    })
    for (const [name, text] of files('after')) await writeFile(join(cwd, name), text)
    const { code, stdout } = await check(cwd, '--json')
    expect(code).toBe(1)
    const { services } = JSON.parse(stdout) as {
      services: { name: string; changes: { level: string; path: string }[] }[]
    }
    const verdicts = cases.map(({ title }, i) => {
      const { changes } = services.find(({ name }) => name === `case-${i}`)!
      return { title, changes: changes.map(({ level, path }) => `${level} ${path}`) }
    })
    expect(verdicts).toEqual(cases.map(({ title, changes }) => ({ title, changes })))
  })
})

it('names the known callers of a breaking change, and exits with 1', async () => {
  const cwd = await folderOf({ 'order/service.mjs': paid, 'mail/service.mjs': mail })
  await check(cwd, '--write')
  await writeFile(join(cwd, 'order/service.mjs'), onHold)
  expect(await check(cwd)).toEqual({
    code: 1,
    stderr: '',
    stdout:
      'breaking  order-service.get.returns.status: "on_hold" was added; callers may not handle it (known callers: mail-service)\n' +
      '1 breaking, 0 risky and 0 safe changes in 2 services; to accept them, run tricube check --write\n',
  })
  const { stdout } = await check(cwd, '--github')
  expect(stdout).toMatch(/^::error file=order\/service\.mjs,title=breaking change of order-service::order-service\.get/)
  expect(await check(cwd, '--write')).toMatchObject({ code: 0 })
  expect(await check(cwd)).toMatchObject({ code: 0 })
})

it('names the subscribers of an event', async () => {
  const events = (payload: string) => `{}, { events: { sold: { payload: t.Object({ ${payload} }) } } }`
  const cwd = await folderOf({
    'shop/service.mjs': serviceOf('shop-service', events('a: t.String()')),
    'mail/service.mjs': serviceOf(
      'mail-service',
      '{}',
      `subscriptions: { tell: { event: contract('shop-service', ${events('a: t.String()')}).events.sold, handler() {} } }`,
    ),
  })
  await check(cwd, '--write')
  await writeFile(join(cwd, 'shop/service.mjs'), serviceOf('shop-service', events('')))
  expect((await check(cwd)).stdout).toContain('(known subscribers: mail-service)')
})

it('names no subscriber beside an operation, which it does not call', async () => {
  const shop = (returns: string) =>
    `{ get: { route: 'GET /', returns: ${returns} } }, { events: { sold: { payload: t.Object({ a: t.String() }) } } }`
  const cwd = await folderOf({
    'shop/service.mjs': serviceOf('shop-service', shop('t.String()')),
    'mail/service.mjs': serviceOf(
      'mail-service',
      '{}',
      `subscriptions: { tell: { event: contract('shop-service', ${shop('t.String()')}).events.sold, handler() {} } }`,
    ),
  })
  expect(await check(cwd, '--write')).toMatchObject({ code: 0 })
  await writeFile(join(cwd, 'shop/service.mjs'), serviceOf('shop-service', shop('t.Integer()')))
  const { stdout } = await check(cwd)
  expect(stdout).toContain('breaking  shop-service.get.returns')
  expect(stdout).not.toContain('mail-service')
})

it('compares the jobs that wait in the queue', async () => {
  const jobsOf = (input: string) =>
    serviceOf('a-service', '{}', `jobs: jobs({ send: { input: ${input} } }), jobHandlers: { send() {} }`)
  const cwd = await folderOf({ 'service.mjs': jobsOf('t.Object({ to: t.String() })') })
  await check(cwd, '--write')
  await writeFile(join(cwd, 'service.mjs'), jobsOf('t.Object({ to: t.String(), from: t.String() })'))
  expect((await check(cwd)).stdout).toContain('breaking  a-service.jobs.send.from: a required field was added')
})

it('compares with a commit, and says when contract.json is out of date', async () => {
  const cwd = await folderOf({ 'order/service.mjs': paid, 'mail/service.mjs': mail })
  await check(cwd, '--write')
  await git(cwd, 'init', '-q')
  await git(cwd, 'add', '.')
  await git(cwd, 'commit', '-qm', 'x')
  expect(await check(cwd, '--against', 'HEAD')).toMatchObject({ code: 0 })
  await writeFile(join(cwd, 'order/service.mjs'), onHold)
  const outdated = await check(cwd, '--against', 'HEAD')
  expect(outdated.code).toBe(1)
  expect(outdated.stdout).toContain('stale     order-service: contract.json is out of date; run tricube check --write')
  await check(cwd, '--write')
  const accepted = await check(cwd, '--against', 'HEAD')
  expect(accepted.code).toBe(1) // written is not merged
  expect(accepted.stdout).not.toContain('stale')
  await rm(join(cwd, 'order'), { recursive: true })
  expect((await check(cwd, '--against', 'HEAD')).stdout).toContain(
    'breaking  order-service.service: the service is gone',
  )
})

it('shows a service that the commit does not have as new', async () => {
  const cwd = await folderOf({ 'order/service.mjs': paid })
  await git(cwd, 'init', '-q')
  await git(cwd, 'commit', '-qm', 'x', '--allow-empty')
  const { code, stdout } = await check(cwd, '--against', 'HEAD')
  expect([code, stdout]).toEqual([0, 'new       order-service\n0 breaking, 0 risky and 0 safe changes in 1 service\n'])
})

it('leaves a reformatted contract.json as it is', async () => {
  const cwd = await folderOf({ 'service.mjs': paid })
  await check(cwd, '--write')
  const file = join(cwd, 'contract.json')
  const formatted = JSON.stringify(JSON.parse(await readFile(file, 'utf8')))
  await writeFile(file, formatted)
  expect(await check(cwd, '--write')).toMatchObject({ code: 0 })
  expect(await readFile(file, 'utf8')).toBe(formatted)
})

it.each([
  ['no contract.json', {}, [], /has no contract\.json: run tricube check --write/],
  ['a file that does not load', { 'service.mjs': 'throw new Error("no vault")' }, [], /service\.mjs: .*no vault/],
  ['a file that ends the process', { 'service.mjs': 'process.exit(0)' }, [], /nothing was compared/],
  ['a file that never loads', { 'service.mjs': 'await new Promise(() => {})' }, [], /nothing was compared/],
  ['a contract.json with conflict markers', { 'contract.json': '<<<<<<< HEAD' }, [], /contract\.json: /],
  ['another JSON file', { 'contract.json': '{"name":"x"}' }, [], /contract\.json: not a file of tricube check --write/],
  ['no repository', {}, ['--against', 'main'], /Git has no such commit/],
  ['an option as a commit', {}, ['--against=--output=x'], /must name a commit/],
  ['a folder without services', { 'service.mjs': '' }, ['elsewhere'], /elsewhere/],
  ['two ways', {}, ['--write', '--against', 'HEAD'], /exclude each other/],
] as const)('exits with 2 for %s', async (_, files, args, message) => {
  const cwd = await folderOf({ 'service.mjs': paid, ...files })
  const { code, stdout, stderr } = await check(cwd, ...args)
  expect(stderr).toMatch(message)
  expect([code, stdout]).toEqual([2, ''])
})
