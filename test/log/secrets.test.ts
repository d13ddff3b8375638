import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { contract, t, UnprocessableEntity, type Logger } from 'tricube'
import { expect, it, vi } from 'vitest'
import { freshDatabase } from '../sql/freshDatabase.ts'
import { logging, quiet } from './logFile.ts'

const secret = 'hunter2-s3cr3t'
const names = [
  'authorization',
  'Authorization',
  'cookie',
  'set-cookie',
  'password',
  'newPassword',
  'token',
  'access_token',
  'refreshToken',
  'secret',
  'client_secret',
  'x-api-key',
]

/** What a log makes of some lines. */
async function logged(write: (log: Logger) => void): Promise<string> {
  const { app, text } = await logging(quiet, {
    handlers: { say: () => null },
    hooks: { beforeStart: ({ log }) => write(log) },
  })
  await app.inject('/health/live')
  return text()
}

it('redacts a secret by its name at any depth', async () => {
  const harmless = fc.constantFrom('name', 'user', 'headers', 'body', 'tokens_used')
  const { value } = fc.letrec((tie) => ({
    leaf: fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null)),
    planted: fc.oneof(
      fc.constant(secret),
      fc.array(fc.constant(secret), { maxLength: 2 }),
      fc.record({ value: fc.constant(secret) }),
    ),
    hidden: fc.tuple(fc.constantFrom(...names), tie('planted')),
    shown: fc.tuple(harmless, tie('value')),
    value: fc.oneof(
      { maxDepth: 5 },
      tie('leaf'),
      fc.array(tie('value'), { maxLength: 3 }),
      fc
        .array(fc.oneof(tie('hidden'), tie('shown')), { maxLength: 4 })
        .map((fields) => Object.fromEntries(fields as [])),
    ),
  }))
  const values = fc.sample(value, 2000)
  const text = await logged((log) => {
    for (const [i, value] of values.entries()) {
      if (i % 4 === 0) log.info({ value }, 'fields')
      else if (i % 4 === 1) log.child({ value }).info('bound')
      else if (i % 4 === 2) log.info('a text with %j in it', value as object)
      else log.error(Object.assign(new Error('failed'), { value }), 'an error')
    }
  })
  expect(text.split('\n').length).toBeGreaterThan(2000)
  expect(text).toContain('[redacted]')
  expect(text).not.toContain(secret)
})

it('logs other values unchanged', async () => {
  const values = fc.sample(fc.jsonValue({ maxDepth: 4 }), 500)
  const text = await logged((log) => {
    for (const value of values) log.info({ value })
  })
  const lines = text.trim().split('\n')
  expect(lines.slice(0, 500).map((line) => JSON.parse(line).value)).toEqual(JSON.parse(JSON.stringify(values)))
})

it('logs that a secret is missing, and how many tokens were used', async () => {
  const fields = { hasToken: true, token: null, tokens: 512, password: undefined }
  expect(JSON.parse((await logged((log) => log.info(fields))).split('\n')[0]!)).toMatchObject({
    hasToken: true,
    token: null,
    tokens: 512,
  })
})

it('logs cycles, errors, dates and objects that throw', async () => {
  const cycle: Record<string, unknown> = { name: 'cycle', token: secret, at: new Date(0), bytes: Buffer.from(secret) }
  cycle['self'] = cycle
  const trap = {
    get value(): never {
      throw new Error('no')
    },
  }
  const nested = { reason: Object.assign(new Error('inner'), { headers: { cookie: secret } }) }
  const text = await logged((log) => {
    log.info({ cycle }, 'cycle')
    log.info({ trap }, 'trap')
    log.info(nested, 'nested')
  })
  const [first, second, third] = text.split('\n').map((line) => JSON.parse(line || '{}'))
  expect(first.cycle).toMatchObject({ name: 'cycle', token: '[redacted]', at: '1970-01-01T00:00:00.000Z' })
  expect(first.cycle.self).toBe('[circular]')
  expect(second.msg).toBe('trap')
  expect(third.reason).toMatchObject({ type: 'Error', message: 'inner', headers: { cookie: '[redacted]' } })
})

// Secrets in every place that a caller controls: no log, no span and no response has them.
it('logs no secret from headers, URL, body or errors of PostgreSQL', async () => {
  await using database = await freshDatabase(`
    CREATE TABLE accounts (
      name text PRIMARY KEY,
      password text NOT NULL CHECK (length(password) < 64),
      age integer NOT NULL
    );
    INSERT INTO accounts VALUES ('${secret}', 'x', 1)`)
  const accounts = contract('account-service', {
    add: {
      route: 'POST /accounts/:token',
      body: t.Object({ name: t.String(), password: t.String({ maxLength: 100 }), age: t.Optional(t.Unknown()) }),
      query: { password: t.Optional(t.String()) },
      returns: t.Unknown(),
    },
    fail: { route: 'POST /fail', body: t.Object({ password: t.String() }), returns: t.Unknown() },
  })
  await using collector = await startCollector()
  vi.stubEnv('DATABASE_URL', database.url)
  vi.stubEnv('OTEL_EXPORTER_ZIPKIN_ENDPOINT', collector.url)
  const { app, text } = await logging(accounts, {
    handlers: {
      add: ({ body, db, log, request }) => {
        log.info({ headers: request.headers, body: { password: body.password } }, 'adds an account')
        return db.execute`INSERT INTO accounts (name, password, age) VALUES (${body.name}, ${body.password}, ${body.age})`
      },
      fail: ({ body }) => {
        throw new UnprocessableEntity('no', { cause: Object.assign(new Error('rejected'), { request: body }) })
      },
    },
    log: { level: 'trace' },
  })
  const { url } = await app.listen()
  vi.unstubAllEnvs()
  const responses: string[] = []
  const post = async (path: string, body: unknown, headers: Record<string, string> = {}): Promise<void> => {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${secret}`,
        cookie: `session=${secret}`,
        'x-api-key': secret,
        'x-auth-token': secret,
        ...headers,
      },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
    responses.push(`${response.status} ${JSON.stringify([...response.headers])} ${await response.text()}`)
  }
  const path = `/accounts/${secret}?password=${secret}`
  await post(path, { name: 'new', password: secret, age: 1 }) // it works
  await post(path, { name: secret, password: 'x', age: 1 }) // 23505: the detail quotes the name
  await post(path, { name: 'long', password: secret.repeat(6), age: 1 }) // 23514: the detail quotes the row
  await post(path, { name: 'null', password: secret, age: null }) // 23502: likewise
  await post(path, { name: 'type', password: secret, age: secret }) // 22P02: the message quotes the value
  await post(path, { name: 'zero', password: `${secret}\0`, age: 1 }) // 22021
  await post(path, { name: 'big', password: secret, age: 99_999_999_999 }) // 22003
  await post(path, { name: 'more', password: secret.repeat(9) }) // over the contract's limit
  await post(path, `{"password": "${secret}", oops`) // no JSON
  await post(path, { password: [secret], [`x`]: secret }) // wrong in every way
  await post('/fail', { password: secret })
  await post(`/stray?token=${secret}`, {})
  await post(path, { name: 'x', password: secret }, { 'content-type': 'text/plain' })

  const log = await text()
  expect(responses.map((text) => text.slice(0, 3))).toEqual([
    '200',
    '409',
    '422',
    '422',
    '400',
    '400',
    '400',
    '400',
    '400',
    '400',
    '422',
    '404',
    '415',
  ])
  expect(log).toContain('adds an account')
  expect(collector.bodies.join('')).toContain('INSERT')
  expect(log).not.toContain(secret)
  expect(collector.bodies.join('')).not.toContain(secret)
  expect(responses.join('\n')).not.toContain(secret)
})

/** Takes spans as Zipkin does. */
async function startCollector(): Promise<{ url: string; bodies: string[] } & AsyncDisposable> {
  const bodies: string[] = []
  const server = createServer(async (request, response) => {
    const body = await buffer(request)
    bodies.push(String(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body))
    response.writeHead(202).end()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v2/spans`,
    bodies,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
