import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError, contract, service, t, type Service } from 'tricube'
import { testService } from 'tricube/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const ping = contract('ping-service', {
  ping: { route: 'GET /ping', returns: t.Object({ ok: t.Boolean() }) },
  slow: { route: 'GET /slow', timeoutMs: 30, returns: t.String() },
  left: { route: 'GET /left', returns: t.Number() },
})
const handlers = {
  ping: () => ({ ok: true }),
  slow: () => new Promise<string>(() => {}),
  left: ({ deadline }: { deadline: { remainingMs(): number } }) => Math.min(deadline.remainingMs(), 1e9),
}

beforeEach(() => void vi.stubEnv('LOG_LEVEL', 'silent'))
afterEach(() => void vi.unstubAllEnvs())

describe('a service', () => {
  it('listens, responds and stops', async () => {
    const app = service(ping, { handlers })
    const { url } = await app.listen()
    expect(await (await fetch(`${url}/ping`)).json()).toEqual({ code: 0, data: { ok: true } })
    await app.close()
    await expect(fetch(`${url}/ping`)).rejects.toThrow('fetch failed')
    await app.close() // a second time is no harm
  })

  it('responds without a socket, with its Fastify plugins', async () => {
    const app = service(ping, { handlers })
    app.fastify.addHook('onSend', (_request, reply, payload, done) => {
      reply.header('x-plugin', 'yes')
      done(null, payload)
    })
    const response = await app.inject('/ping')
    expect([response.statusCode, response.headers['x-plugin']]).toEqual([200, 'yes'])
    await app.close()
  })

  it('needs a handler for each operation and no others', () => {
    const { ping: one } = handlers
    expect(() => service(ping, { handlers: { ping: one } as never })).toThrow('ping-service: no handler for slow')
    expect(() => service(ping, { handlers: { ...handlers, pong: one } as never })).toThrow(
      'ping-service: handler pong belongs to no operation',
    )
    expect(() => service(ping, {} as never)).toThrow(
      'ping-service: handlers: expected a function for each operation, got undefined',
    )
  })

  it('rejects an unknown option, such as a misspelt one', () => {
    const wrong = (options: object) => () => service(ping, { handlers, ...options })
    expect(wrong({ settings: { a: 'string' } })).toThrow(
      'ping-service: settings.a: expected a schema like t.String(), got "string"',
    )
    expect(wrong({ prot: 1 })).toThrow(/^ping-service: unknown option prot; did you mean port\?$/)
    expect(wrong({ zebra: 1 })).toThrow(/^ping-service: unknown option zebra, expected admission, .*, trustProxy$/)
    expect(wrong({ drain: { delayMS: 1 } })).toThrow(
      'ping-service: unknown option drain.delayMS, expected delayMs, preStopDelayMs, timeoutMs',
    )
    expect(wrong({ tls: { cert: 'a', key: 'b', requestCerts: true } })).toThrow('unknown option tls.requestCerts')
    const calling = (calls: object) => wrong({ clients: { others: ping }, calls: { others: calls } })
    expect(calling({ retires: 0 })).toThrow('ping-service: unknown option calls.others.retires; did you mean retries?')
    expect(calling({ operations: { pong: {} } })).toThrow(
      'calls.others.operations.pong is not an operation of ping-service',
    )
    expect(calling({ operations: { ping: { tries: 1 } } })).toThrow('unknown option calls.others.operations.ping.tries')
    expect(calling({ retries: 0, operations: { ping: { hedge: { afterP: 95 } } } })).not.toThrow()
  })

  it('runs its hooks in order', async () => {
    const seen: string[] = []
    const app = service(ping, {
      handlers,
      hooks: {
        beforeStart: ({ fastify }) => void seen.push(`beforeStart ${fastify.server.listening}`),
        afterStart: ({ fastify }) => void seen.push(`afterStart ${fastify.server.listening}`),
        beforeStop: ({ fastify }) => void seen.push(`beforeStop ${fastify.server.listening}`),
        afterStop: ({ fastify }) => void seen.push(`afterStop ${fastify.server.listening}`),
      },
    })
    await app.listen()
    await app.close()
    expect(seen).toEqual(['beforeStart false', 'afterStart true', 'beforeStop true', 'afterStop false'])
  })

  it('does not start when a hook throws', async () => {
    const app = service(ping, {
      handlers,
      hooks: {
        beforeStart: () => {
          throw new Error('no queue')
        },
      },
    })
    await expect(app.listen()).rejects.toThrow('no queue')
    await app.close()
  })

  it('has no database unless it has models or migrations', async () => {
    const app = service(ping, {
      handlers: { ...handlers, ping: async ({ db }) => ({ ok: await db.value<boolean>`SELECT true` }) },
    })
    expect((await app.inject('/ping')).statusCode).toBe(500)
    await app.close()
  })
})

describe('a deadline', () => {
  it("is the shorter of the operation's and the caller's", async () => {
    await using app = await testService(service(ping, { handlers }), { config: { logLevel: 'silent' } })
    expect((await app.inject('/left')).json().data).toBe(1e9)
    const hurried = await app.inject({ url: '/left', headers: { 'x-request-timeout-ms': '500' } })
    expect(hurried.json().data).toBeGreaterThan(0)
    expect(hurried.json().data).toBeLessThanOrEqual(500)
    const late = await app.inject('/slow')
    expect([late.statusCode, late.json()]).toEqual([
      504,
      { code: 50400, message: 'Gateway Timeout', error: 'the deadline is past' },
    ])
  })

  it('that has passed prevents the handler from running', async () => {
    let ran = false
    const app = service(ping, {
      handlers: {
        ...handlers,
        ping() {
          ran = true
          return { ok: true }
        },
      },
    })
    const late = await app.inject({ url: '/ping', headers: { 'x-request-timeout-ms': '0' } })
    expect([late.statusCode, late.json().code, ran]).toEqual([504, 50400, false])
    await app.close()
  })
})

describe('health', () => {
  it('is live and ready while it serves, and not ready while it stops', async () => {
    let during: number | undefined
    const app: Service = service(ping, {
      handlers,
      hooks: {
        beforeStop: async ({ fastify }) => {
          during = (await fastify.inject('/health/ready')).statusCode
        },
      },
    })
    const { url } = await app.listen()
    expect(await (await fetch(`${url}/health/live`)).json()).toEqual({ status: 'live' })
    expect(await (await fetch(`${url}/health/ready`)).json()).toEqual({
      status: 'ready',
      checks: {},
      contract: expect.any(String),
    })
    await app.close()
    expect(during).toBe(503)
  })
})

describe('configuration', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tricube-config-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  const start = async (env: Record<string, string>): Promise<void> => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
    const app = service(ping, { handlers, port: 1 })
    try {
      await app.inject('/ping')
    } finally {
      await app.close()
    }
  }

  it.each([
    [{ PORT: 'http' }, 'PORT in the environment: expected a whole number from 0 to 65535, got "http"'],
    [{ PORT: '70000' }, 'PORT in the environment: expected a whole number from 0 to 65535, got 70000'],
    [
      { LOG_LEVEL: 'loud' },
      'LOG_LEVEL in the environment: expected one of trace, debug, info, warn, error, fatal, silent, got "loud"',
    ],
    [
      { DATABASE_URL: 'mysql://root:hunter2@db/x' },
      'DATABASE_URL in the environment: expected a URL like postgres://user:password@host:5432/database',
    ],
    [
      { TRICUBE_SERVICES: 'role-service:8020' },
      'TRICUBE_SERVICES in the environment: expected addresses like role-service=127.0.0.1:8020,region-service=127.0.0.1:8050, got "role-service:8020"',
    ],
  ])('rejects a wrong value with its name, its source and what was expected: %o', async (env, message) => {
    await expect(start(env as Record<string, string>)).rejects.toThrow(new ConfigError(message))
  })

  it('comes from a file, and the environment overrides it', async () => {
    const file = join(folder, 'production.js')
    await writeFile(file, `export default { host: '127.0.0.2', port: 0 }`)
    vi.stubEnv('TRICUBE_CONFIG', file)
    const fromFile = service(ping, { handlers, port: 1 })
    expect((await fromFile.listen()).url).toMatch(/^http:\/\/127\.0\.0\.2:\d+$/)
    await fromFile.close()
    vi.stubEnv('HOST', '127.0.0.3')
    const fromEnvironment = service(ping, { handlers, port: 1 })
    expect((await fromEnvironment.listen()).url).toMatch(/^http:\/\/127\.0\.0\.3:\d+$/)
    await fromEnvironment.close()
  })

  it.each([
    ['export default { prot: 80 }', 'prot in FILE: unknown, expected one of host, port, '],
    ['export default { port: -1 }', 'port in FILE: expected a whole number from 0 to 65535, got -1'],
    ['export const config = {}', 'FILE: expected `export default defineConfig({ … })`'],
    ['throw new Error("broken")', 'FILE (named by TRICUBE_CONFIG) cannot be loaded: broken'],
  ])('rejects a wrong file: %s', async (text, message) => {
    const file = join(folder, `${Math.random()}.js`)
    await writeFile(file, text)
    await expect(start({ TRICUBE_CONFIG: file })).rejects.toThrow(message.replace('FILE', file))
  })

  it('rejects a missing file', async () => {
    const file = join(folder, 'missing.js')
    await expect(start({ TRICUBE_CONFIG: file })).rejects.toThrow(`${file} (named by TRICUBE_CONFIG) cannot be loaded`)
  })
})
