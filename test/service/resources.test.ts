import { contract, resource, secret, service, t } from 'tricube'
import { testService } from 'tricube/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'

const mailService = contract('mail-service', {
  send: { route: 'POST /mails', body: t.Object({ to: t.String() }), returns: t.Object({ id: t.String() }) },
  show: { route: 'GET /settings', returns: t.Object({ url: t.String(), retries: t.Integer() }) },
})

/** A transport that records its lifecycle. */
function fakeTransport(happened: string[]) {
  const pool = resource({
    open: () => {
      happened.push('pool opened')
      return { size: 3 }
    },
    close: () => void happened.push('pool closed'),
  })
  const mailer = resource({
    settings: { smtpUrl: t.String({ format: 'uri' }), smtpPassword: secret() },
    async open({ settings, service: name, use }) {
      const { size } = await use(pool)
      happened.push(`${name} mails over ${settings.smtpUrl} with ${size}`)
      return { isUp: true, send: (to: string) => `mail to ${to}` }
    },
    isReady: async (transport) => {
      if (!transport.isUp) throw new Error('the server is down')
    },
    close: () => void happened.push('mailer closed'),
  })
  return { pool, mailer }
}

function mails(happened: string[], more: object = {}) {
  return service(mailService, {
    resources: fakeTransport(happened),
    settings: { pspUrl: t.String({ format: 'uri' }), retries: t.Integer({ minimum: 0, default: 3 }) },
    handlers: {
      send: ({ body, mailer, pool }) => ({ id: `${mailer.send(body.to)} of ${pool.size}` }),
      show: ({ settings }) => ({ url: settings.pspUrl, retries: settings.retries }),
    },
    ...more,
  })
}

function environment(values: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(values)) vi.stubEnv(name, value)
}
const complete = { SMTP_URL: 'smtp://mail:25', SMTP_PASSWORD: 'hunter2', PSP_URL: 'https://psp.example', PORT: '0' }
afterEach(() => vi.unstubAllEnvs())

describe('a resource of a service', () => {
  it('opens after the resources that it uses, is on the context, and closes before them', async () => {
    environment(complete)
    const happened: string[] = []
    const app = mails(happened)
    const { url } = await app.listen()
    const response = await fetch(`${url}/mails`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"to":"you"}',
    })
    expect(await response.json()).toEqual({ code: 0, data: { id: 'mail to you of 3' } })
    expect(happened).toEqual(['pool opened', 'mail-service mails over smtp://mail:25 with 3'])
    expect(await (await fetch(`${url}/health/ready`)).json()).toMatchObject({
      status: 'ready',
      checks: { mailer: 'ok' },
    })
    await app.close()
    expect(happened.slice(2)).toEqual(['mailer closed', 'pool closed'])
  })

  it('may have a value for each request', async () => {
    const seen = resource({
      open: () => ({ count: 0 }),
      forRequest: (value, { operation }) => `${operation} ${++value.count}`,
    })
    const app = service(contract('a', { a: { route: 'GET /a', returns: t.String() } }), {
      resources: { seen },
      handlers: { a: (ctx) => `${ctx.seen}, ${ctx.seen}` },
    })
    expect((await app.inject('/a')).json()).toEqual({ code: 0, data: 'a 1, a 1' })
    expect((await app.inject('/a')).json()).toEqual({ code: 0, data: 'a 2, a 2' })
    await app.close()
  })

  it('that is not ready makes the service not ready', async () => {
    const sick = resource({ open: () => 1, isReady: () => Promise.reject(new Error('down')) })
    const app = service(contract('a', {}), { resources: { sick }, handlers: {} })
    const response = await app.inject('/health/ready')
    expect([response.statusCode, response.json()]).toEqual([
      503,
      { status: 'not ready', checks: { sick: 'unreachable' }, contract: expect.any(String) },
    ])
    await app.close()
  })

  it('that fails to open is named, and open resources are closed', async () => {
    const happened: string[] = []
    const first = resource({ open: () => 1, close: () => void happened.push('first closed') })
    const broken = resource({
      async open({ use }) {
        await use(first)
        throw new Error('no route to host')
      },
    })
    const app = service(contract('a', {}), { resources: { broken, first }, handlers: {} })
    await expect(app.inject('/')).rejects.toThrow('a: broken did not open: no route to host')
    expect(happened).toEqual(['first closed'])
  })

  it.each([
    [{ db: resource({ open: () => 1 }) }, 'a: resources.db: the context already has a db, choose another name'],
    [
      { params: resource({ open: () => 1 }) },
      'a: resources.params: the context already has a params, choose another name',
    ],
    [{ mailer: { send() {} } }, 'a: resources.mailer: expected resource({ open, … })'],
  ])('is rejected when it is invalid: %#', (resources, message) => {
    expect(() => service(contract('a', {}), { resources: resources as never, handlers: {} })).toThrow(message)
  })

  it('cannot use a resource that the service does not have', async () => {
    const stray = resource({ open: () => 1 })
    const app = service(contract('a', {}), {
      resources: { one: resource({ open: ({ use }) => use(stray) }) },
      handlers: {},
    })
    await expect(app.inject('/')).rejects.toThrow(
      "a: one did not open: it uses a resource that is not among the service's",
    )
  })

  it('can be replaced in a test, and then needs no settings', async () => {
    const happened: string[] = []
    const mailer = { isUp: true, send: (to: string) => `no mail to ${to}` }
    await using app = await testService(mails(happened), {
      resources: { mailer },
      settings: { pspUrl: 'https://test.example' },
    })
    expect((await app.client.send({ body: { to: 'me' } })).data).toEqual({ id: 'no mail to me of 3' })
    expect((await app.client.show()).data).toEqual({ url: 'https://test.example', retries: 3 })
    expect(happened).toEqual(['pool opened'])
    await expect(testService(mails([]), { resources: { printer: 1 } })).rejects.toThrow(
      'mail-service has no resource printer to replace',
    )
  })
})

describe('settings of a service', () => {
  it.each([
    [{}, 'PSP_URL is not set: set it in the environment, or pspUrl in tricube.config.ts'],
    [{ PSP_URL: 'nowhere' }, 'PSP_URL in the environment: must match format "uri"'],
    [{ ...complete, RETRIES: 'many' }, 'RETRIES in the environment: must be integer'],
    [{ ...complete, RETRIES: '-1' }, 'RETRIES in the environment: must be >= 0'],
    [{ PSP_URL: 'https://psp.example', SMTP_URL: 'smtp://mail:25' }, 'SMTP_PASSWORD is not set: '],
  ])('are checked at the start: %#', async (env, message) => {
    environment(env)
    await expect(mails([]).inject('/settings')).rejects.toThrow(message)
  })

  it('have values of their types', async () => {
    environment({ ...complete, RETRIES: '5' })
    const app = mails([])
    expect((await app.inject('/settings')).json()).toEqual({
      code: 0,
      data: { url: 'https://psp.example', retries: 5 },
    })
    await app.close()
  })

  it('that are secret appear in no message', async () => {
    const app = service(contract('a', {}), { settings: { apiKey: secret(t.String({ minLength: 32 })) }, handlers: {} })
    environment({ API_KEY: 'hunter2' })
    const error = (await app.inject('/').catch((thrown: unknown) => thrown)) as Error
    expect(error.message).toBe('API_KEY in the environment: must NOT have fewer than 32 characters')
  })

  const text = t.String()
  const file = resource({ settings: { smtpUrl: text }, open: ({ settings }) => settings.smtpUrl })
  it.each([
    [{ settings: { port: text } }, "settings.port: PORT also sets tricube's own port, choose another name"],
    [{ settings: { logLevel: text } }, "settings.logLevel: LOG_LEVEL also sets tricube's own logLevel"],
    [{ settings: { databaseURL: text } }, "settings.databaseURL: DATABASE_URL also sets tricube's own databaseUrl"],
    [{ settings: { tricubeConfig: text } }, 'settings.tricubeConfig: tricube reads TRICUBE_CONFIG itself'],
    [{ settings: { pspUrl: text, pspURL: text } }, 'settings.pspURL: PSP_URL also sets settings.pspUrl'],
    [
      { settings: { smtpUrl: t.String() }, resources: { file } },
      'resources.file.settings.smtpUrl: SMTP_URL also sets settings.smtpUrl',
    ],
    [
      { resources: { file, mailer: resource({ settings: { smtpURL: text }, open: () => 1 }) } },
      'resources.mailer.settings.smtpURL: SMTP_URL also sets resources.file.settings.smtpUrl',
    ],
    [
      { resources: { metrics2: resource({ settings: { host: text }, open: () => 1 }) } },
      "resources.metrics2.settings.host: HOST also sets tricube's own host",
    ],
  ])('must not share a variable: %#', (options, message) => {
    expect(() => service(contract('a', {}), { ...(options as object), handlers: {} })).toThrow(`a: ${message}`)
  })

  it('may share a schema, and with it their value', async () => {
    environment({ SMTP_URL: 'smtp://mail' })
    const app = service(contract('a', { get: { route: 'GET /', returns: t.Array(t.String()) } }), {
      settings: { smtpUrl: text },
      resources: { file, other: file },
      handlers: { get: (ctx) => [ctx.settings.smtpUrl, ctx.file, ctx.other] },
    })
    expect((await app.inject('/')).json().data).toEqual(['smtp://mail', 'smtp://mail', 'smtp://mail'])
    await app.close()
  })

  it('must have valid schemas', () => {
    const wrong = { limit: t.String({ minLenght: 3 }) }
    expect(() => service(contract('a', {}), { settings: wrong, handlers: {} })).toThrow(
      /^a: settings\.limit: .*minLenght/,
    )
  })
})
