import { contract, resource, service, ServiceUnavailable, t, type HealthOptions } from 'tricube'
import { describe, expect, it, onTestFinished } from 'vitest'
import { logging } from '../log/logFile.ts'

/** Starts a service with these checks. Returns what `/health/ready` responds. */
function checking(health: HealthOptions, more: object = {}) {
  const app = service(contract('a-service', {}), { health, handlers: {}, ...more })
  onTestFinished(() => app.close())
  return async (): Promise<readonly [number, object]> => {
    const response = await app.inject('/health/ready')
    const { contract: _, ...body } = response.json() as { contract?: string }
    return [response.statusCode, body]
  }
}
const never = (): Promise<never> => new Promise(() => {})

describe('a health check', () => {
  it('makes the service not ready and is named when it fails', async () => {
    let isUp = true
    const ask = checking({
      checks: {
        psp: async () => {
          if (!isUp) throw new Error('postgres://user:secret@psp refused')
        },
      },
    })
    expect(await ask()).toEqual([200, { status: 'ready', checks: { psp: 'ok' } }])
    isUp = false
    expect(await ask()).toEqual([503, { status: 'not ready', checks: { psp: 'failing' } }])
    isUp = true
    expect(await ask()).toEqual([200, { status: 'ready', checks: { psp: 'ok' } }])
  })

  it('has one line in the log for each failure, with the reason, and a stack only for a bug', async () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:9'), { code: 'ECONNREFUSED' })
    const { app, lines } = await logging(contract('a-service', {}), {
      health: {
        checks: {
          psp: () => fetch('http://127.0.0.1:1'),
          mail: { check: () => Promise.reject(new TypeError('fetch failed', { cause: refused })), required: false },
          disk: () => false,
          typo: () => (undefined as never as { x: number }).x,
        },
      },
      handlers: {},
    })
    for (let n = 0; n < 3; n++) await app.inject('/health/ready')
    const logged = (await lines()).filter(({ check }) => check !== undefined)
    const about = (name: string) => logged.filter(({ check }) => check === name)
    expect(logged).toHaveLength(4)
    expect(about('mail')).toMatchObject([
      { msg: 'health check mail fails', reason: 'failing: fetch failed: connect ECONNREFUSED 127.0.0.1:9' },
    ])
    expect(about('psp')[0]!['reason']).toMatch(/^failing: fetch failed/)
    expect(about('disk')[0]!['reason']).toBe('failing')
    expect(about('typo')[0]!['err'].stack).toContain('healthChecks.test.ts')
    for (const name of ['mail', 'psp', 'disk']) expect(about(name)[0]).not.toHaveProperty('err')
  })

  it('may return false, and shows the message of an HttpError', async () => {
    const ask = checking({
      checks: {
        disk: () => false,
        queue: () => {
          throw new ServiceUnavailable('4000 mails wait')
        },
      },
    })
    expect(await ask()).toEqual([503, { status: 'not ready', checks: { disk: 'failing', queue: '4000 mails wait' } }])
  })

  it('that is not required is only reported', async () => {
    const ask = checking({ checks: { mail: { check: () => false, required: false }, disk: () => true } })
    expect(await ask()).toEqual([200, { status: 'ready', checks: { mail: 'failing', disk: 'ok' } }])
  })

  it('fails at its timeout, and its signal aborts', async () => {
    const signals: AbortSignal[] = []
    const ask = checking({
      checks: {
        deaf: { check: never, timeoutMs: 20 },
        psp: {
          timeoutMs: 20,
          check: ({ signal }) => {
            signals.push(signal)
            return new Promise((_, reject) => {
              signal.addEventListener('abort', () => reject(signal.reason))
            })
          },
        },
      },
    })
    const late = 'no response within 20 ms'
    expect(await ask()).toEqual([503, { status: 'not ready', checks: { deaf: late, psp: late } }])
    await expect.poll(() => signals[0]!.aborted).toBe(true)
  })

  it('runs once at a time', async () => {
    let runs = 0
    const deaf = (): Promise<never> => (runs++, never())
    const ask = checking({ checks: { psp: { check: deaf, timeoutMs: 20 } } })
    for (const _ of [1, 2, 3]) expect((await ask())[0]).toBe(503)
    expect(runs).toBe(1)
  })

  it('gets the settings of the service', async () => {
    const app = service(contract('a-service', {}), {
      settings: { pspUrl: t.String({ default: 'https://psp.example' }) },
      health: { checks: { psp: ({ settings }) => settings.pspUrl.startsWith('https:') } },
      handlers: {},
    })
    onTestFinished(() => app.close())
    expect((await app.inject('/health/ready')).json()).toMatchObject({ status: 'ready', checks: { psp: 'ok' } })
  })

  it('is not shown when details are off', async () => {
    const ask = checking({ details: false, checks: { psp: () => false } })
    expect(await ask()).toEqual([503, { status: 'not ready' }])
  })

  it.each([
    [{ psp: 5 }, 'a-service: health.checks.psp: expected a function, or { check, required, timeoutMs }, got 5'],
    [{ psp: {} }, 'a-service: health.checks.psp.check: expected a function, got undefined'],
    [{ psp: { check: never, require: true } }, 'a-service: unknown option health.checks.psp.require'],
    [
      { psp: { check: never, timeoutMs: 0 } },
      'a-service: health.checks.psp.timeoutMs: expected a number of milliseconds from 1, got 0',
    ],
    [{ database: never }, 'a-service: health.checks.database: there is a check database already, choose another name'],
    [{ redis: never }, 'a-service: health.checks.redis: there is a check redis already, choose another name'],
  ])('is rejected when it is invalid: %#', (checks, message) => {
    const resources = { redis: resource({ open: () => 1 }) }
    expect(() => checking({ checks } as never, { resources })).toThrow(message)
  })
})

it('a resource that does not respond makes the service not ready, without delaying the response', async () => {
  const ask = checking({}, { resources: { deaf: resource({ open: () => 1, isReady: never }) } })
  expect(await ask()).toEqual([503, { status: 'not ready', checks: { deaf: 'no response within 800 ms' } }])
})
