import { once } from 'node:events'
import { createServer, request as httpRequest, type ClientRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import type { FastifyInstance } from 'fastify'
import { contract, t, type Logger } from 'tricube'
import { describe, expect, it } from 'vitest'
import { logging, quiet } from './logFile.ts'

const secret = 'hunter2-s3cr3t'

/** What a log makes of some lines. */
async function logged(write: (log: Logger) => void | Promise<void>): Promise<string> {
  const { app, text } = await logging(quiet, {
    handlers: { say: () => null },
    hooks: { beforeStart: ({ log }) => write(log) },
    log: { level: 'trace' },
  })
  await app.inject('/health/live')
  return text()
}

describe('secrets in headers, URL and response are not logged', () => {
  const resets = contract('reset-service', {
    reset: { route: 'PUT /resets/:token', returns: t.Unknown() },
    hello: { route: 'GET /hello', returns: t.Unknown() },
  })
  /** Sends everything with a secret; a caller that leaves does so with the first byte. */
  async function ask(
    prepare: (fastify: FastifyInstance) => void,
    path: string,
    { method = 'GET', leaves = false } = {},
  ): Promise<string> {
    const { app, text } = await logging(resets, {
      handlers: { reset: () => null, hello: () => null },
      hooks: {
        beforeStart({ fastify }) {
          fastify.addHook('onSend', async (_request, reply) => void reply.header('set-cookie', `session=${secret}`))
          prepare(fastify)
        },
      },
      log: { level: 'trace' },
    })
    const { url } = await app.listen()
    const headers = {
      authorization: `Bearer ${secret}`,
      cookie: `theme=dark; session=${secret}`,
      'x-api-key': secret,
      'proxy-authorization': `Basic ${secret}`,
    }
    const request = httpRequest(url + path, { method, headers })
    const response = await new Promise<Readable | undefined>((resolve) => {
      request.on('response', resolve).on('error', () => resolve(undefined))
      request.end()
    })
    response?.on('error', () => {})
    if (leaves) {
      await once(response!, 'data')
      request.destroy()
    } else {
      response?.resume()
      if (response) await new Promise((resolve) => response.on('close', resolve))
    }
    return text()
  }
  const noHook = (): void => {}

  it('with an onResponse hook, as in @fastify/multipart and audit logs', async () => {
    const text = await ask((fastify) => fastify.addHook('onResponse', async () => {}), '/hello')
    const lines = text.trim().split('\n')
    expect(lines.filter((line) => line.includes('/hello'))).toHaveLength(1)
    expect(text).not.toContain('request completed')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(500)
    expect(text).not.toContain(secret)
  })

  it('with @fastify/multipart itself, and a file that is too large for it', async () => {
    const { default: multipart } = await import('@fastify/multipart')
    const upload = contract('upload-service', {
      upload: { route: 'POST /uploads', query: { token: t.Optional(t.String()) }, returns: t.Unknown() },
    })
    const { app, text } = await logging(upload, {
      handlers: {
        async upload({ request }) {
          const file = await (request as unknown as { file(): Promise<{ toBuffer(): Promise<Buffer> }> }).file()
          return (await file.toBuffer()).length
        },
      },
      hooks: {
        beforeStart: ({ fastify }) => void fastify.register(multipart as never, { limits: { fileSize: 1000 } }),
      },
      log: { level: 'trace' },
    })
    const { url } = await app.listen()
    for (const [size, status] of [
      [10, 200],
      [2000, 413],
    ] as const) {
      const body = new FormData()
      body.set('file', new Blob([secret.padEnd(size, secret)]), `${secret}.txt`)
      const headers = { authorization: `Bearer ${secret}`, cookie: `session=${secret}` }
      const response = await fetch(`${url}/uploads?token=${secret}`, { method: 'POST', headers, body })
      expect([response.status, (await response.text()).includes(secret)]).toEqual([status, false])
    }
    const lines = await text()
    expect(lines.match(/"path":"\/uploads"|\/uploads/g)!.length).toBeGreaterThanOrEqual(2)
    expect(lines).not.toContain('request completed')
    expect(lines).not.toContain(secret)
  })

  it.each(['onRequest', 'preHandler', 'onSend', 'onResponse', 'onTimeout'] as const)(
    'with an error thrown by a hook of %s',
    async (name) => {
      const failing = async (): Promise<void> => {
        throw new Error('hook')
      }
      const text = await ask((fastify) => fastify.addHook(name as 'onRequest', failing), '/hello')
      expect(text).not.toContain(secret)
    },
  )

  it('when a caller hangs up during a stream, and when a stream fails', async () => {
    let reads = 0
    const endless = (): Readable => new Readable({ read: () => void 0, construct: (done) => done() })
    const text = await ask(
      (fastify) => {
        fastify.get('/stream', (_request, reply) => {
          const stream = endless()
          stream.push('first')
          return reply.send(stream)
        })
      },
      '/stream',
      { leaves: true },
    )
    expect(text).not.toContain(secret)
    const broken = await ask((fastify) => {
      fastify.get('/breaks', (_request, reply) =>
        reply.send(
          new Readable({
            read() {
              if (reads++ === 0) this.push('first')
              else this.destroy(new Error('the disk is gone'))
            },
          }),
        ),
      )
    }, '/breaks')
    expect(broken).toContain('the disk is gone')
    expect(broken).not.toContain(secret)
  })

  it('in warnings of Fastify: a response sent twice, an invalid header, an unknown path', async () => {
    const twice = await ask((fastify) => {
      fastify.get('/links/:token', (_request, reply) => {
        void reply.send('one')
        void reply.send('two')
      })
      fastify.get('/async/:token', async (_request, reply) => {
        void reply.send('one')
        return 'two'
      })
    }, `/links/${secret}?access_token=${secret}`)
    expect(twice).toContain('/links/:token')
    expect(twice).not.toContain(secret)
    const header = await ask((fastify) => {
      fastify.get('/header', (_request, reply) => reply.header('x-name', 'a\nb').send('x'))
    }, `/header?token=${secret}`)
    expect(header).not.toContain(secret)
    for (const method of ['GET', 'DELETE']) {
      for (const path of [`/resets/${secret}`, `/resets/${secret}/more`, `/RESETS/${secret}?a=${secret}`]) {
        const stray = await ask(noHook, path, { method })
        expect(stray).toMatch(/\/resets\/\[redacted\]/i)
        expect(stray).not.toContain(secret)
      }
    }
  })

  it('when a handler logs the request, the response, their context and errors with them', async () => {
    const text = await ask((fastify) => {
      fastify.get('/log/:token', async (request, reply) => {
        const { log } = request
        log.info({ req: request, res: reply }, 'as Fastify does')
        log.info({ request, reply }, 'under other names')
        log.info({ req: request.raw, res: reply.raw }, 'as pino-http does')
        log.info(request.raw, 'bare')
        log.info(reply.raw, 'bare')
        log.info(request as object, 'bare')
        log.info({ socket: request.socket, server: fastify.server }, 'connections')
        log.info({ raw: request.raw.rawHeaders, entries: Object.entries(request.headers) }, 'headers in lists')
        log.info(
          { copy: Object.assign({}, request.raw, { url: '/' }), response: Object.assign({}, reply.raw) },
          'copies',
        )
        log.info({ list: Object.entries(request.headers).map(([name, value]) => ({ name, value })) }, 'as HAR')
        log.error(Object.assign(new Error('with both'), { request, response: reply.raw }), 'error')
        log.child({ req: request.raw, headers: request.raw.rawHeaders }).info('bound')
        log.info('%j %o %O', request.headers, request.raw.rawHeaders, { reply: reply.raw })
        return 'ok'
      })
    }, `/log/${secret}?token=${secret}`)
    expect(text.match(/"msg":/g)!.length).toBeGreaterThan(12)
    expect(text).toContain('"route":"/log/:token"')
    expect(text).not.toContain(secret)
  })
})

it('logs no secret of the request or the response of a fetch', async () => {
  const server = createServer((_request, response) => response.setHeader('set-cookie', `a=${secret}`).end('x'))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const request = httpRequest({
    port: (server.address() as AddressInfo).port,
    path: `/?token=${secret}`,
    headers: { authorization: `Bearer ${secret}` },
    auth: `user:${secret}`,
  })
  request.end()
  const [response] = (await once(request, 'response')) as [Readable & { req: ClientRequest }]
  const text = await logged((log) => {
    log.info({ request, response }, 'objects')
    log.error(Object.assign(new Error('as HTTP clients throw'), { request, response }))
    log.info({ header: Object.assign({}, request), rawHeaders: ['x', 'y', 'Authorization', secret] }, 'copies')
    log.info({ sent: [Buffer.from('authorization'), Buffer.from(secret)] }, 'as undici has them')
  })
  server.closeAllConnections()
  server.close()
  expect(text).not.toContain(secret)
  expect(text).not.toContain(JSON.stringify(Buffer.from(secret)))
})

describe('secrets in texts', () => {
  it.each([
    `postgres://user:${secret}@localhost/db`,
    `redis://:${secret}@localhost:6379`,
    `amqp://user:p/w#${secret}@host`,
    `cannot connect to https://me:a@b:${secret}@host/x, giving up`,
    `GET /x?access_token=${secret}&page=2 failed`,
    `https://host/cb?code=1#id_token=${secret}`,
    `host=db user=me password=${secret} dbname=x`,
    `{"password":"${secret}","name":"x"}`,
    `authorization: Bearer ${secret}`,
    `Authorization: Basic ${secret}`,
    `x-api-key: ${secret}`,
    `GET / HTTP/1.1\r\nHost: x\r\nCookie: theme=dark; other=${secret}\r\n\r\n`,
    `sent Bearer ${secret}`,
    `AWS_SECRET_ACCESS_KEY=${secret} node app.js`,
  ])('%s', async (text) => {
    const log = await logged((log) => {
      log.info(text)
      log.info({ text }, 'a field')
      log.info({ deep: [{ text }] }, 'a deep one')
      log.info('%s and %s', text, text)
      log.child({ text }).info('bound')
      log.error(new Error(text))
      log.error({ err: new Error('outer', { cause: new Error(text) }) })
      log.error({ err: Object.assign(new Error('with'), { url: text }) }, 'of an error')
      if (URL.canParse(text)) log.info({ url: new URL(text) }, 'a URL')
    })
    expect(log).toContain('[redacted]')
    expect(log).not.toContain(secret)
  })

  it('leaves other texts unchanged', async () => {
    const texts = [
      'http://localhost:8080/users?page=2&mail=a@b.c',
      'https://host:443 and user@host',
      'token: expected a string',
      'basic authentication is required; the Bearer scheme too',
      'password=true, "token":null, tokens=',
      'postgres://user@host/db',
      'key=value; partition_key=7; monkey=see; page_size=3; passes=12',
      'ratio 3:4, 12:30:00, C:\\x, a::b',
    ]
    const text = await logged((log) => texts.forEach((text) => log.info({ text })))
    const lines = text.trim().split('\n').slice(0, texts.length)
    expect(lines.map((line) => JSON.parse(line).text)).toEqual(texts)
  })

  it('takes linear time for any text', async () => {
    const hostile = ['a://b:', 'password=', 'bearer ', 'cookie: ', '": "', '://:', 'x-', 'basic 1', '=', ' ']
    const texts = fc.sample(
      fc.array(fc.constantFrom(...hostile), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('').repeat(9000)),
      20,
    )
    let longestMs = 0
    await logged((log) => {
      for (const text of texts) {
        const start = performance.now()
        log.info({ text })
        longestMs = Math.max(longestMs, performance.now() - start)
      }
    })
    expect(longestMs).toBeLessThan(1500)
  })
})

it('recognises the usual names of secrets, and none that only look similar', async () => {
  const names =
    `jwt JWT id_jwt sessionId session_id sid connect.sid PHPSESSID secretKey secret_key aws_secret_access_key
    secretAccessKey accessKey accessKeyId passwordHash password_hash hashed_password password_confirmation
    passwordConfirm credentials credential encryptionKey signingKey masterKey privateKeyPem apiKeys x-api-key apikey
    bearer pwd db_pwd otp totp pin csrfToken xsrf cvv clientSecretValue authorizationHeader proxyAuthorization
    set-cookie Set-Cookie2 cookieHeader tokenValue refresh_tokens rawHeaders raw_headers _header passcode`.split(/\s+/)
  const harmless = `id name shipping mapping spin key partitionKey primary_key publicKey idempotencyKey passenger
    compass author authored tokenizer secretary sessions_count header cookiecutter side inside assess monkey
    secretName passwordless page`.split(/\s+/)
  const text = await logged((log) => {
    for (const name of names) log.info({ [name]: secret, deep: [{ [name]: [secret] }] })
    log.info(Object.fromEntries(harmless.map((name) => [name, 'shown'])))
  })
  const lines = text.trim().split('\n')
  const leaks = lines.filter((line) => line.includes(secret))
  expect(leaks).toEqual([])
  const shown = JSON.parse(lines.find((line) => line.includes('shown'))!)
  expect(harmless.filter((name) => shown[name] !== 'shown')).toEqual([])
})

describe('a line has each key once', () => {
  const keysOf = (line: string): string[] => Array.from(line.matchAll(/[{,]"([^"]+)":/g), ([, key]) => key!)

  it.each(['json', 'ecs'] as const)('in %s', async (format) => {
    const { app, text } = await logging(quiet, {
      handlers: {
        say({ log }) {
          log.info({ request_id: 'other', operation: 'other', trace_id: 'x' }, 'in a request')
          log.child({ operation: 'mine', level: 1 }).info({ operation: 'again', level: 2, _level: 3 }, 'in a child')
          return null
        },
      },
      hooks: {
        beforeStart({ log }) {
          log.info({ level: 'fatal', msg: 'm2', time: 1, service: 'other', pid: 1, message: 'm3' }, 'outer')
          log.info({ 'log.level': 'x', '@timestamp': 1, 'service.name': 'x', 'ecs.version': 1 }, 'of ECS')
          log.info({ msg: 'only a field', message: 'only a field' })
        },
      },
      log: { format },
    })
    await app.inject('/say/x')
    const lines = (await text()).trim().split('\n')
    for (const line of lines) expect(keysOf(line), line).toEqual([...new Set(keysOf(line))])
    const [outer, , own, inRequest] = lines.map((line) => JSON.parse(line))
    expect(outer).toMatchObject(
      format === 'json'
        ? { level: 'info', msg: 'outer', _level: 'fatal', _msg: 'm2', service: 'quiet-service', _service: 'other' }
        : { 'log.level': 'info', message: 'outer', _message: 'm3' },
    )
    expect(format === 'json' ? own.msg : own.message).toBe('only a field')
    expect(inRequest[format === 'json' ? '_operation' : '_event.action']).toBe('other')
  })
})

it('logs an object without its unreadable part', async () => {
  const trap = {
    name: 'trap',
    get value(): never {
      throw new Error('no')
    },
  }
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  const unserializable = {
    toJSON() {
      throw new Error('no')
    },
  }
  const text = await logged((log) => {
    log.info(trap, 'bare')
    log.info({ trap, proxy, unserializable }, 'below')
    log.info(unserializable, 'throws')
    log.info(new URL('http://a.b/'), 'a URL')
    log.info([1, 2], 'a list')
  })
  const [bare, below, throws, url, list] = text.split('\n').map((line) => JSON.parse(line || '{}'))
  expect(bare).toMatchObject({ name: 'trap', value: '[unreadable]', msg: 'bare' })
  expect(below).toMatchObject({
    trap: { name: 'trap', value: '[unreadable]' },
    proxy: '[unreadable]',
    unserializable: '[unreadable]',
  })
  expect(throws).toMatchObject({ value: '[unreadable]', msg: 'throws' })
  expect(url).toMatchObject({ value: 'http://a.b/' })
  expect(list).toMatchObject({ value: [1, 2] })
})
