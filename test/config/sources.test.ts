/** Where the values of a configuration come from, which of them win, and what is said of a wrong one. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contract, ConfigError, resource, secret, service, t } from 'tricube'
import { testService } from 'tricube/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const Shown = t.Object({
  retries: t.Integer(),
  hosts: t.Array(t.String()),
  isOpen: t.Boolean(),
  rate: t.Number(),
  note: t.String(),
})
const showService = contract('show-service', { show: { route: 'GET /show', returns: Shown } })
const make = (options: object = {}) =>
  service(showService, {
    settings: {
      retries: t.Integer({ minimum: 0, default: 3 }),
      hosts: t.Array(t.String(), { default: ['a'] }),
      isOpen: t.Boolean({ default: false }),
      rate: t.Number({ default: 0.5 }),
      note: t.String({ default: '' }),
      pspKey: secret(t.Optional(t.String({ minLength: 8 }))),
    },
    handlers: {
      show: ({ settings: { retries, hosts, isOpen, rate, note } }) => ({ retries, hosts, isOpen, rate, note }),
    },
    ...options,
  })

/** The settings of a service that starts now. */
async function shown(options?: object): Promise<Record<string, unknown>> {
  const app = make(options)
  const { data } = (await app.inject('/show')).json() as { data: Record<string, unknown> }
  await app.close()
  return data
}

/** A new one for each test, since a file is loaded once. */
let folder: string
const before = process.cwd()
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tricube-config-'))
  process.chdir(folder)
  vi.stubEnv('LOG_LEVEL', 'silent')
})
afterEach(async () => {
  vi.unstubAllEnvs()
  process.chdir(before)
  await rm(folder, { recursive: true })
})
const write = (name: string, values: string) => writeFile(name, `export default ${values}`)

describe('a value comes from', () => {
  it('its default, the file, the environment, the test: the later one wins', async () => {
    expect(await shown()).toMatchObject({ retries: 3 })
    await write('tricube.config.ts', '{ retries: 5 } as { retries: number }')
    expect(await shown()).toMatchObject({ retries: 5 })
    vi.stubEnv('RETRIES', '7')
    expect(await shown()).toMatchObject({ retries: 7 })
    await using app = await testService(make(), { settings: { retries: 9 } })
    expect((await app.client.show()).data).toMatchObject({ retries: 9 })
  })

  it('a variable, only when that is not empty', async () => {
    await write('tricube.config.ts', '{ retries: 5 }')
    vi.stubEnv('RETRIES', '')
    expect(await shown()).toMatchObject({ retries: 5 })
  })

  it('a file, only where that says something', async () => {
    await write('tricube.config.ts', '{ retries: undefined, note: "from the file" }')
    expect(await shown()).toMatchObject({ retries: 3, note: 'from the file' })
  })

  it.each([
    [['tricube.config.ts', 'tricube.config.js', 'tricube.config.mjs'], 'tricube.config.ts'],
    [['tricube.config.mjs', 'tricube.config.js'], 'tricube.config.js'],
    [['tricube.config.mjs'], 'tricube.config.mjs'],
    [['tricube.config.ts', 'production.ts'], 'production.ts'],
  ])('of the files %j: %s', async (names, read) => {
    for (const name of names) await write(name, `{ note: ${JSON.stringify(name)} }`)
    if (names.includes('production.ts')) vi.stubEnv('TRICUBE_CONFIG', 'production.ts')
    expect(await shown()).toMatchObject({ note: read })
  })
})

describe('a text of the environment', () => {
  it.each([
    ['RETRIES', '12', { retries: 12 }],
    ['HOSTS', 'a,b,c', { hosts: ['a', 'b', 'c'] }],
    ['HOSTS', 'one', { hosts: ['one'] }],
    ['IS_OPEN', 'true', { isOpen: true }],
    ['RATE', '0.25', { rate: 0.25 }],
    ['NOTE', '12', { note: '12' }],
    ['NOTE', ' ä=b ', { note: ' ä=b ' }],
  ])('%s=%s becomes a value of its schema', async (variable, text, settings) => {
    vi.stubEnv(variable, text)
    expect(await shown()).toMatchObject(settings)
  })

  it.each([
    ['RETRIES', '1.5', 'RETRIES in the environment: must be integer'],
    ['RETRIES', '0x10', 'RETRIES in the environment: must be integer'],
    ['IS_OPEN', 'yes', 'IS_OPEN in the environment: must be boolean'],
    ['RATE', 'Infinity', 'RATE in the environment: must be number'],
    ['PSP_KEY', 'hunter2', 'PSP_KEY in the environment: must NOT have fewer than 8 characters'],
  ])('%s=%s is rejected, by its name', async (variable, text, message) => {
    vi.stubEnv(variable, text)
    await expect(shown()).rejects.toThrow(new ConfigError(message))
  })
})

describe('a wrong value of a file', () => {
  it.each([
    ['{ retries: "5x" }', 'retries in tricube.config.ts: must be integer'],
    ['{ hosts: "a" }', 'hosts in tricube.config.ts: must be array'],
    ['{ retires: 5 }', 'retires in tricube.config.ts: unknown, expected one of '],
    ['{ retries: null }', 'retries in tricube.config.ts: must be integer'],
    ['[1]', '0 in tricube.config.ts: unknown, expected one of '],
  ])('%s is rejected, by its path', async (values, message) => {
    await write('tricube.config.ts', values)
    await expect(shown()).rejects.toThrow(message)
  })

  it('is a name of another service only if it resembles no setting that is missing in the file', async () => {
    await write('tricube.config.ts', '{ smtpUrl: "smtp://mail", retries: 4, retires: 5 }')
    expect(await shown()).toMatchObject({ retries: 4 })
    await write('tricube.config.ts', '{ smtpUrl: "smtp://mail", retires: 5 }')
    await expect(shown()).rejects.toThrow(/retires in tricube.config.ts: unknown, .*; did you mean retries\?$/)
    await write('tricube.config.ts', '{ logLevl: "debug" }')
    await expect(shown()).rejects.toThrow(/logLevl in tricube.config.ts: unknown, .*; did you mean logLevel\?$/)
  })

  it.each([
    [
      'a secret of your own',
      '{ pspKey: "hunter2" }',
      'pspKey in tricube.config.ts: must NOT have fewer than 8 characters',
    ],
    [
      'the URL of a database',
      '{ databaseUrl: "mysql://u:hunter2@h/d" }',
      'databaseUrl in tricube.config.ts: expected ',
    ],
    ['a token of Consul', '{ consulToken: { token: "hunter2" } }', 'consulToken in tricube.config.ts: expected '],
    [
      'headers of a collector',
      '{ otlpHeaders: { "api-key": ["hunter2"] } }',
      'otlpHeaders in tricube.config.ts: expected ',
    ],
  ])('%s is in no message', async (_, values, message) => {
    await write('tricube.config.ts', values)
    const error = (await shown().catch((thrown: unknown) => thrown)) as Error
    expect(error).toBeInstanceOf(ConfigError)
    expect(error.message).toContain(message)
    expect(error.message).not.toContain('hunter2')
  })
})

it('a setting of a resource has the same sources', async () => {
  const mailer = resource({
    settings: { smtpPort: t.Integer({ default: 25 }), smtpPassword: secret(t.Optional(t.String({ minLength: 8 }))) },
    open: ({ settings }) => ({ port: settings.smtpPort }),
  })
  const port = async () => {
    const { handlers, ...rest } = {
      resources: { mailer },
      handlers: {
        show: ({ mailer: { port: retries } }: any) => ({ retries, hosts: [], isOpen: true, rate: 1, note: '' }),
      },
    }
    return (await shown({ ...rest, handlers }))['retries']
  }
  expect(await port()).toBe(25)
  await write('tricube.config.ts', '{ smtpPort: 26 }')
  expect(await port()).toBe(26)
  vi.stubEnv('SMTP_PORT', '27')
  expect(await port()).toBe(27)
  vi.stubEnv('SMTP_PASSWORD', 'hunter2')
  await expect(port()).rejects.toThrow(
    new ConfigError('SMTP_PASSWORD in the environment: must NOT have fewer than 8 characters'),
  )
})
