/** `tricube start --workers`, with processes as they are in production. */
import { writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fakeConsul } from 'tricube/testing'
import { expect, onTestFinished, test, vi } from 'vitest'
import { built } from '../built.ts'
import { withResolvers } from '../withResolvers.ts'
import { folderOf, freePorts, isAlive, serviceSource, tricube } from './run.ts'

/** Returns the processes that respond, found with one connection after the other. */
async function pidsAt(url: string, count: number): Promise<number[]> {
  const pids = new Set<number>()
  await vi.waitFor(async () => {
    pids.add(Number(JSON.parse(await once('GET', url)).pid))
    expect(pids.size).toBe(count)
  }, 10_000)
  return [...pids]
}

/** Sends a request on a connection of its own, or of the agent, and resolves to the body of a successful response. */
function once(method: string, url: string, agent?: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, agent: agent ?? false }, (response) => {
      text(response).then((body) => (response.statusCode === 200 ? resolve(body) : reject(new Error(body))), reject)
    })
    sent.once('error', reject).end()
  })
}

test('distributes connections round-robin, replaces a lost worker and stops all on SIGTERM', async () => {
  const cwd = await folderOf({ 'service.mjs': serviceSource({}) })
  const [port] = await freePorts(1)
  const url = `http://127.0.0.1:${port}`
  const run = tricube(['start', 'service.mjs', '--workers', '2', '--port', String(port)], { cwd })
  await run.printed(`workers listen on ${url}`)
  const first = await pidsAt(url, 2)
  expect(first).not.toContain(run.pid)

  await expect(once('GET', `${url}/die`)).rejects.toThrow()
  await run.printed('a worker exited with code 7')
  await run.printed('a worker was replaced')
  const second = await pidsAt(url, 2)
  expect(second.filter((pid) => first.includes(pid))).toHaveLength(1)

  run.signal('SIGTERM')
  expect((await run.ended).code).toBe(0)
  expect([...first, ...second].filter(isAlive)).toEqual([])
})

test('leaves no worker behind when the primary is killed', async () => {
  const cwd = await folderOf({ 'service.mjs': serviceSource({}) })
  const [port] = await freePorts(1)
  const run = tricube(['start', 'service.mjs', '--workers', '2', '--port', String(port)], { cwd })
  await run.printed('workers listen on')
  const pids = await pidsAt(`http://127.0.0.1:${port}`, 2)
  run.signal('SIGKILL')
  await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), 10_000)
})

test('closes a connection that was sent to a worker that exits', async () => {
  const stuck = serviceSource({}).replace("=== '/die') process.exit(7)", "=== '/stick') for (;;);")
  const cwd = await folderOf({ 'service.mjs': stuck })
  const [port] = await freePorts(1)
  const url = `http://127.0.0.1:${port}`
  const run = tricube(['start', 'service.mjs', '--workers', '1', '--port', String(port)], { cwd })
  await run.printed('workers listen on')
  const [pid] = await pidsAt(url, 1)
  const stuckOne = once('GET', `${url}/stick`)
  await run.printed('"path":"/stick"')
  const ended = [stuckOne, once('GET', url), once('GET', url)].map((call) => expect(call).rejects.toThrow())
  process.kill(pid!, 'SIGKILL')
  await Promise.all(ended)
})

test('exits with code 1 on a second signal while workers do not stop', async () => {
  const stuck = `export default { name: 'stuck', async listen() { process.send('mine'); setInterval(() => {}, 1000); console.log('pid', process.pid); return { url: 'here' } },
    close: () => new Promise(() => console.log('closing')) }`
  const cwd = await folderOf({ 'service.mjs': stuck })
  const run = tricube(['start', 'service.mjs', '--workers', '1'], { cwd })
  await run.printed('workers listen on here')
  run.signal('SIGTERM')
  await run.printed('closing')
  run.signal('SIGTERM')
  expect((await run.ended).code).toBe(1)
  const pid = Number(/^pid (\d+)$/m.exec(run.output())![1])
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), 10_000)
})

test('reports a failed start of the workers once, with its exit code', async () => {
  const cwd = await folderOf({
    'broken.mjs': `class ConfigError extends Error { name = 'ConfigError' }
      throw new ConfigError('PORT: expected a number, got "x"')`,
  })
  const failed = await tricube(['start', 'broken.mjs', '--workers', '4'], { cwd }).ended
  expect(failed).toMatchObject({ code: 1, stderr: 'PORT: expected a number, got "x"\n' })
  const wrong = await tricube(['start', 'broken.mjs', '--workers', 'many'], { cwd }).ended
  expect(wrong).toMatchObject({
    code: 2,
    stderr: 'tricube start: --workers must be an integer from 1 to 999, or max, got "many"\n',
  })
})

/** A service whose response has its release and process. */
function release(name: string): string {
  return `
import { contract, service, t } from ${JSON.stringify(built('index.js').pathname)}
const release: string = '${name}'
const Who = t.Object({ release: t.String(), pid: t.Integer(), program: t.String() })
const who = contract('who-service', {
  who: { route: 'POST /who', returns: Who },
  rare: { route: 'GET /rare', returns: t.Null(), rateLimit: { key: 'ip', limit: 3, windowMs: 60_000 } },
})
export default service(who, {
  drain: { delayMs: 200 },
  admission: false, // however busy the machine is
  handlers: { who: () => ({ release, pid: process.pid, program: process.argv[4] ?? '' }), rare: () => null },
})`
}

test('reloads all workers on SIGHUP without a failed request, as one instance of the registry', async () => {
  const consul = await fakeConsul()
  onTestFinished(() => consul[Symbol.asyncDispose]())
  const cwd = await folderOf({ 'service.ts': release('first') })
  const [port] = await freePorts(1)
  const url = `http://127.0.0.1:${port}`
  const run = tricube(['start', 'service.ts', '--workers', '2', '--port', String(port)], {
    cwd,
    env: { CONSUL_HTTP_ADDR: consul.url },
  })
  await run.printed('workers listen on')
  const instances = async (): Promise<object[]> => {
    const response = await fetch(`${consul.url}/v1/health/service/who-service?passing=true`)
    return (await response.json()) as object[]
  }
  await vi.waitFor(async () => expect(await instances()).toHaveLength(1), 10_000)
  expect(JSON.parse(await once('GET', `${url}/health/ready`))).toEqual({
    status: 'ready',
    checks: {},
    contract: expect.any(String),
    workers: { ready: 2, wanted: 2 },
  })

  const agent = new Agent({ keepAlive: true, maxSockets: 4 })
  onTestFinished(() => agent.destroy())
  const responses: { release: string; pid: number; program: string }[] = []
  let isLoading = true
  let turn = withResolvers()
  const nextTurn = (): void => {
    turn.resolve()
    turn = withResolvers()
  }
  const ask = async (by?: Agent): Promise<void> => {
    while (isLoading) {
      responses.push(JSON.parse(await once('POST', `${url}/who`, by)).data)
      if (responses.length % 10 === 0) nextTurn()
      if (by && isLoading) await turn.promise // a rate that leaves the new workers time to start
    }
  }
  const keeping = Array.from({ length: 4 }, () => ask(agent))
  const connecting = Array.from({ length: 12 }, () => ask()) // many are on their way to workers that end
  const all = Promise.all([...keeping, ...connecting])
  await vi.waitFor(() => expect(new Set(responses.map(({ pid }) => pid)).size).toBe(2), 10_000)
  await writeFile(join(cwd, 'service.ts'), release('second'))
  run.signal('SIGHUP')
  await run.printed('"msg":"reloaded"')
  isLoading = false
  nextTurn()
  await all // rejects when one request failed

  const last = JSON.parse(await once('POST', `${url}/who`)).data
  expect(last.release).toBe('second')
  const [before, after] = ['first', 'second'].map((name) => responses.filter(({ release }) => release === name))
  expect(new Set(before!.map(({ program }) => program)).size).toBe(1) // compiled once for both
  expect(before!.some(({ pid }) => pid === last.pid)).toBe(false)
  expect(after!.length).toBeGreaterThan(0)

  const metrics = await once('GET', `${url}/metrics`)
  const counted = /_duration_seconds_count\{operation="who",[^}]*status_code="200"[^}]*\} (\d+)/.exec(metrics)?.[1]
  expect(Number(counted)).toBe(responses.length + 1) // those of workers that are gone included
  expect(metrics).toContain('\ntricube_workers 2\n')
  expect(await instances()).toHaveLength(1)
  const rare = await Promise.allSettled([1, 2, 3, 4, 5, 6].map(() => once('GET', `${url}/rare`)))
  expect(rare.filter(({ status }) => status === 'fulfilled')).toHaveLength(3) // of all workers together

  run.signal('SIGTERM')
  const { code, stdout } = await run.ended
  expect(code).toBe(0)
  expect(await instances()).toHaveLength(0)
  const pids = stdout.match(/"pid":\d+,"msg":"stopped"/g)
  expect(new Set(pids).size).toBe(4) // each line says whose it is
}, 60_000)
