import { spawn, type ChildProcess } from 'node:child_process'
import { on, once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { built } from '../built.ts'

const dist = process.env['TRICUBE_TEST_PACKAGE'] ?? fileURLToPath(new URL('.', built('index.js')))
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tricube-process-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Runs a service in a process of its own that does as `then` says once it listens. */
async function run(
  then: string,
  { isRead = true, ...env }: { isRead?: boolean; [variable: string]: string | boolean } = {},
): Promise<ChildProcess & { all: Promise<string> }> {
  const file = join(folder, `${Math.random()}.mjs`)
  await writeFile(
    file,
    `import { contract, service, t } from ${JSON.stringify(pathToFileURL(join(dist, 'index.js')).href)}
     const ping = contract('ping-service', { ping: { route: 'GET /ping', returns: t.String() } })
     const app = service(ping, { handlers: { ping: () => 'pong' }, hooks: { afterStart } })
     await app.listen()
     async function afterStart({ log }) { ${then} }`,
  )
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, LOG_LEVEL: 'info', ...(env as Record<string, string>) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return Object.assign(child, { all: isRead ? text(child.stdout) : Promise.resolve('') })
}

describe('logged lines are written', () => {
  it.each([
    ['when the process exits', `log.info('last words'); process.exit(0)`, 0],
    ['after an uncaught exception', `log.info('last words'); setImmediate(() => { throw new Error('x') })`, 1],
    ['when it ends by itself', `log.info('last words'); setImmediate(() => app.close())`, 0],
  ])('%s', async (_name, then, code) => {
    const child = await run(then)
    const [exit] = await once(child, 'exit')
    expect(await child.all).toContain('last words')
    expect(exit).toBe(code)
  })

  it.each([{}, { LOG_FILE: 'ended.log' }])(
    'of a request, too, that ends right before the process, with %o',
    async (env) => {
      const path = env.LOG_FILE && join(folder, env.LOG_FILE)
      const child = await run(
        `const { server } = app.fastify
       server.on('request', (_request, response) => response.on('close', () => process.exit(0)))
       fetch('http://127.0.0.1:' + server.address().port + '/ping')`,
        { ...(path && { LOG_FILE: path }), PORT: '0' },
      )
      await once(child, 'exit')
      expect(path ? await readFile(path, 'utf8') : await child.all).toMatch(/"path":"\/ping","status":200/)
    },
  )

  it('at once for an error, even if the process is killed then', async () => {
    const child = await run(`log.error('last words'); process.kill(process.pid, 'SIGKILL')`)
    expect(await child.all).toContain('last words')
  })

  it('completely and in order to a slow reader', async () => {
    const child = await run(`for (let i = 0; i < 20000; i++) log.info({ i }); process.exit(0)`)
    const numbers = (await child.all).split('\n').flatMap((line) => (/"i":(\d+)/.exec(line) ?? []).slice(1).map(Number))
    expect(numbers).toEqual(Array.from({ length: 20_000 }, (_, i) => i))
  })
})

it.skipIf(process.platform === 'win32')(
  'a reader that stops reading neither blocks the service nor fills its memory',
  async () => {
    const child = await run(
      `
    process.stdout // makes the pipe one that does not block
    const text = 'x'.repeat(1000)
    for (let i = 0; i < 20000; i++) log.info({ i, text })
    const { body } = await app.inject('/metrics')
    process.stderr.write('dropped ' + /^tricube_log_lines_dropped_total (\\d+)$/m.exec(body)[1])
    process.kill(process.pid, 'SIGKILL')`,
      { isRead: false },
    )
    const [, dropped] = /dropped (\d+)/.exec(await text(child.stderr!))!
    expect(Number(dropped)).toBeGreaterThan(10_000)
    expect(Number(dropped)).toBeLessThan(20_000)
  },
)

it.skipIf(process.platform === 'win32')('SIGUSR2 turns debug on and off', async () => {
  const child = await run(`setInterval(() => log.debug('detail'), 5)`)
  const seen = async (text: string): Promise<void> => {
    for await (const [chunk] of on(child.stdout!, 'data')) if (String(chunk).includes(text)) return
  }
  await seen('listening on')
  child.kill('SIGUSR2')
  await seen('"msg":"level debug"')
  await seen('"msg":"detail"')
  child.kill('SIGUSR2')
  await seen('"msg":"level info"')
  child.kill('SIGKILL')
  const after = (await child.all).split('level info')[1]!
  expect(after).not.toContain('detail')
})

it('writes text for people to a terminal, and to a pipe in the format pretty', async () => {
  const child = await run(`log.info({ kind: 'gift' }, 'placed'); process.exit(0)`, {
    LOG_FORMAT: 'pretty',
    NO_COLOR: '1',
  })
  expect(await child.all).toMatch(/^\d\d:\d\d:\d\d\.\d{3} INFO {2}placed kind=gift$/m)
})
