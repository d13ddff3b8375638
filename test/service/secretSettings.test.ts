import { inspect } from 'node:util'
import { contract, resource, secret, service, t, type Hooks } from 'tricube'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { logging, quiet } from '../log/logFile.ts'

const apiKey = 'whsec_"4\\2"_and_more'
const pins = { PIN: '4711', HOOK_URL: 'https://hooks.example/T0/B0/xyz', API_KEY: apiKey, PLACE: 'Paris' }
const settings = {
  apiKey: secret(),
  pin: secret(t.Integer()),
  hookUrl: secret(t.String({ format: 'uri' })),
  place: t.String(),
}

afterEach(() => vi.unstubAllEnvs())

/** What is logged by a service with secrets in its settings. */
async function logged(beforeStart: NonNullable<Hooks<any>['beforeStart']>, more: object = {}): Promise<string> {
  for (const [name, value] of Object.entries(pins)) vi.stubEnv(name, value)
  const { app, text } = await logging(quiet, {
    settings,
    handlers: { say: () => null },
    hooks: { beforeStart },
    ...more,
  })
  await app.inject('/health/live')
  return text()
}

function expectNoSecret(text: string): void {
  for (const value of [apiKey, JSON.stringify(apiKey).slice(1, -1), '4711', 'T0/B0/xyz']) {
    expect(text).not.toContain(value)
  }
}

describe('the value of a secret setting', () => {
  it('is for your code a plain value', async () => {
    const seen: unknown[] = []
    await logged(({ context }) => void seen.push(context.settings, { ...context.settings }))
    const values = { apiKey, pin: 4711, hookUrl: pins.HOOK_URL, place: 'Paris' }
    expect(seen).toEqual([values, values])
  })

  it('is not shown by console.log or JSON.stringify', async () => {
    const shown: string[] = []
    await logged(({ context, config }) => {
      for (const values of [context.settings, config, { nested: [context.settings] }]) {
        shown.push(inspect(values, { depth: 5 }), JSON.stringify(values))
      }
    })
    expectNoSecret(shown.join('\n'))
    expect(shown[1]).toBe('{"apiKey":"[redacted]","pin":"[redacted]","hookUrl":"[redacted]","place":"Paris"}')
  })

  it.each([
    ['the settings', (all: object) => [{ settings: all }, 'x']],
    ['a copy of the settings', (all: object) => [{ ...all }]],
    ['its name and value', ({ apiKey: one, pin }: any) => [{ apiKey: one, pin }, 'x']],
    ['another name', ({ apiKey: one }: any) => [{ given: [{ one }] }, 'x']],
    ['a message', ({ apiKey: one, hookUrl }: any) => [`asked ${hookUrl}?key=${one}`]],
    ['an argument of a message', ({ hookUrl }: any) => ['asked %s', hookUrl]],
    ['an error and its stack', ({ apiKey: one }: any) => [new Error(`no ${one}`, { cause: new Error(one) })]],
  ])('is not logged with %s', async (_, argsOf) => {
    const text = await logged(({ log, context }) => {
      const args = argsOf(context.settings)
      Reflect.apply(log.info, log, args)
      log.child({ bound: context.settings.apiKey }).warn({ at: context.settings.hookUrl }, 'y')
    })
    expectNoSecret(text)
    expect(text).toContain('"bound":"[redacted]"')
  })

  it('hides nothing else: a short value is a word, and its name may have another value', async () => {
    const text = await logged(({ log, context }) => {
      log.info({ pin: 12, apiKey: undefined, place: context.settings.place, count: 4712 }, 'Paris')
    })
    expect(text).toContain('"place":"Paris","count":4712,"msg":"Paris"')
  })

  it('is not shown for the settings of a resource', async () => {
    const seen: string[] = []
    const psp = resource({
      settings: { pspKey: secret() },
      open({ settings: own, log }) {
        log.info({ own, key: `key ${own.pspKey}` })
        seen.push(inspect(own))
        return own.pspKey.length
      },
    })
    vi.stubEnv('PSP_KEY', 'sup3rs3cret')
    const text = await logged(() => {}, { resources: { psp } })
    expect([text, ...seen].join('\n')).not.toContain('sup3rs3cret')
  })

  it('is not shown for the secrets of tricube', async () => {
    vi.stubEnv('CONSUL_HTTP_TOKEN', 'b1gs3cr3t-token')
    const shown: string[] = []
    const text = await logged(({ config, log }) => {
      log.info({ config, at: config.consulToken }, `with ${config.consulToken}`)
      shown.push(inspect(config))
    })
    expect([text, ...shown].join('\n')).not.toContain('b1gs3cr3t-token')
  })

  it('is not shown to those who declare it wrongly', async () => {
    vi.stubEnv('PIN', 'sup3rs3cret')
    const app = service(contract('a', {}), { settings: { pin: settings.pin }, handlers: {} })
    const error = (await app.inject('/').catch((thrown: unknown) => thrown)) as Error
    expect(error.message).toBe('PIN in the environment: must be integer')
  })
})
