/** How `tricube start` ends: real processes, real signals. */
import { expect, test } from 'vitest'
import { built } from '../built.ts'
import { folderOf, tricube, type Run } from './run.ts'

const dist = built('index.js').href

/** A service that responds to `/wait` when it stops, and whose other operations fail. */
const source = `import { contract, service, t } from ${JSON.stringify(dist)}
let respond
export default service(
  contract('odd-service', {
    wait: { route: 'GET /wait', returns: t.Boolean() },
    hang: { route: 'GET /hang', returns: t.Boolean() },
    throw: { route: 'POST /throw', returns: t.Boolean() },
    reject: { route: 'POST /reject', returns: t.Boolean() },
  }),
  {
    drain: { timeoutMs: Number(process.env.TIMEOUT_MS ?? 25_000) },
    hooks: {
      beforeStart: ({ log }) => new Promise((resolve) => {
        log.error('starting')
        if (!process.env.START_UNTIL) return resolve()
        const alive = setInterval(() => {}, 1000) // nothing else keeps the process running
        process.once(process.env.START_UNTIL, () => setImmediate(() => resolve(clearInterval(alive))))
      }),
      beforeStop: () => respond?.(true),
    },
    handlers: {
      wait: () => new Promise((resolve) => { respond = resolve; console.log('waiting') }),
      hang: () => new Promise(() => console.log('hanging')),
      throw: () => !!setImmediate(() => { throw new Error('not caught anywhere') }),
      reject: () => !!Promise.reject(new Error('not caught anywhere')),
    },
  },
)`

async function start(env: NodeJS.ProcessEnv = {}): Promise<Run> {
  const cwd = await folderOf({ 'service.mjs': source })
  return tricube(['start', 'service.mjs'], { cwd, env: { NODE_ENV: 'test', ...env } })
}

/** Where it listens. */
async function urlOf(run: Run): Promise<string> {
  await run.printed(/listening on http:\S+"/)
  return /listening on (http:[^"]+)"/.exec(run.output())![1]!
}

/** What it has logged, line by line. */
const linesOf = (stdout: string): Record<string, unknown>[] =>
  stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)

test.each([
  ['throw', 'uncaught exception'],
  ['reject', expect.stringMatching(/^unhandled rejection: a promise failed that nothing awaits/)],
])('logs an uncaught error (%s), finishes requests in flight and exits with code 1', async (how, msg) => {
  const run = await start()
  const url = await urlOf(run)
  const waiting = fetch(`${url}/wait`)
  await run.printed('waiting')
  await fetch(`${url}/${how}`, { method: 'POST' })
  expect(await (await waiting).json()).toEqual({ code: 0, data: true })
  const { code, stdout, stderr } = await run.ended
  expect([code, stderr]).toEqual([1, ''])
  const lines = linesOf(stdout)
  const stack = expect.stringMatching(/^Error: not caught anywhere\n +at .*service\.mjs/)
  expect(lines).toContainEqual(
    expect.objectContaining({ level: 'fatal', msg, err: expect.objectContaining({ stack }) }),
  )
  expect(lines.at(-1)).toMatchObject({ level: 'info', msg: 'stopped' })
})

test('exits with code 1 when the drain timeout has passed, and names the handler that hangs', async () => {
  const run = await start({ TIMEOUT_MS: '200' })
  const hanging = fetch(`${await urlOf(run)}/hang`).catch((error: Error) => error.message)
  await run.printed('hanging')
  run.signal('SIGTERM')
  expect(await hanging).toBe('fetch failed')
  const { code, stdout, stderr } = await run.ended
  expect(code).toBe(1)
  expect(stderr).toMatch(/^odd-service: still in flight after 0\.2 s: hang \d+\.\d s\n$/)
  const inFlight = { hang: [expect.any(Number)] }
  expect(linesOf(stdout)).toContainEqual(
    expect.objectContaining({ level: 'error', err: expect.objectContaining({ type: 'DrainError', inFlight }) }),
  )
})

test('stops on a signal during the start, with exit code 0 and without listening', async () => {
  const run = await start({ START_UNTIL: 'SIGTERM' })
  await run.printed('starting')
  run.signal('SIGTERM')
  const { code, stdout, stderr } = await run.ended
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).not.toContain('listening')
})
