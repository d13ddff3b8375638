import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BadRequest, contract, HttpError, NotFound, service, t } from 'tricube'

/** What the handler of a test throws. */
let thrown: unknown
const app = service(contract('thrower', { fail: { route: 'GET /fail', returns: t.String() } }), {
  handlers: {
    fail() {
      throw thrown
    },
  },
  hooks: { beforeStart: ({ fastify }) => addRoutes(fastify) },
})
let url: string
beforeAll(async () => void (url = (await app.listen()).url))
afterAll(() => app.close())

/** What people add to Fastify, and how it goes wrong. */
function addRoutes(fastify: FastifyInstance): void {
  fastify.get('/raw', () => {
    throw thrown
  })
  fastify.get('/bad-header', (_request, reply) => reply.header('x-name', 'a\r\nx-b: c').send('text'))
  fastify.addHook('onSend', async ({ url: path }) => {
    if (path.endsWith('?hook=onSend')) throw new Error('secret of a hook')
  })
  fastify.addHook('preHandler', async ({ url: path }) => {
    if (path.endsWith('?hook=preHandler')) throw foreign(401)
  })
}

function foreign(statusCode: number, fields: object = {}): Error {
  return Object.assign(new Error("ENOENT: no such file, open '/etc/secret'"), {
    statusCode,
    status: statusCode,
    ...fields,
  })
}

async function answerOf(path: string): Promise<{ status: number; body: unknown; headers: Headers }> {
  const response = await fetch(url + path)
  return { status: response.status, body: JSON.parse(await response.text()) as unknown, headers: response.headers }
}

const unexpected = { code: 50000, message: 'Internal Server Error' }

describe('what is thrown and is none of our errors is a 500 without a detail', () => {
  it.each([
    ['an error of another client', foreign(404)],
    ['an error of 429 of another client', foreign(429, { headers: { 'retry-after': '5' } })],
    ['an error of 503', foreign(503)],
    ['an object', { statusCode: 401, message: 'secret' }],
    ['the body of another Fastify', { statusCode: 404, code: 'FST_ERR_NOT_FOUND', message: 'secret' }],
    ['an error of http-errors', foreign(409, { expose: true })],
    ['a text', 'secret'],
    ['nothing', undefined],
  ])('%s', async (_what, value) => {
    thrown = value
    for (const path of ['/fail', '/raw']) {
      expect(await answerOf(path)).toMatchObject({ status: 500, body: unexpected })
    }
  })

  it('in a hook', async () => {
    expect(await answerOf('/fail?hook=preHandler')).toMatchObject({ status: 500, body: unexpected })
  })
})

describe('an error is in the one format', () => {
  it.each([
    ['a header with a line break', { 'x-a': 'a\r\nset-cookie: b' }],
    ['a header that is not Latin-1', { 'x-a': '名字' }],
    ['a header whose name is none', { 'x a': 'b' }],
  ])('%s is left out', async (_what, headers) => {
    thrown = new NotFound('user 7', { headers: { ...headers, 'x-kept': 'yes' } })
    const { status, body, headers: sent } = await answerOf('/fail')
    expect([status, body]).toEqual([404, { code: 40400, message: 'Not Found', error: 'user 7' }])
    expect(sent.get('x-kept')).toBe('yes')
    expect([...sent.keys()]).not.toContain('set-cookie')
  })

  it('a header of the answer that cannot be sent', async () => {
    expect(await answerOf('/bad-header')).toMatchObject({ status: 500, body: unexpected })
  })

  it('a hook that fails with every answer', async () => {
    thrown = new NotFound('user 7')
    for (const path of ['/fail', '/raw', '/health/live']) {
      const { status, body, headers } = await answerOf(`${path}?hook=onSend`)
      expect([status, body]).toEqual([500, unexpected])
      expect(headers.get('x-content-type-options')).toBe('nosniff')
    }
    const { statusCode, json } = await app.inject('/fail?hook=onSend')
    expect([statusCode, json()]).toEqual([500, unexpected])
  })

  it.each([
    ['a code of another status', new HttpError(418, 'tea', { code: 999 }), 418, 41800, 'tea'],
    ['a code that is no number', new BadRequest('x', { code: Number.NaN }), 400, 40000, 'x'],
    ['a detail with a bigint', new BadRequest({ id: 1n }), 400, 40000, undefined],
    ['a status that is none', new HttpError(700, 'x'), 500, 50000, undefined],
    ['a status of success', new HttpError(200, 'x'), 500, 50000, undefined],
  ])('%s', async (_what, error, status, code, detail) => {
    thrown = error
    const answer = await answerOf('/fail')
    expect(answer).toMatchObject({ status, body: { code } })
    expect((answer.body as { error?: unknown }).error).toBe(detail)
  })

  it('a wrong code is told by the cause', () => {
    const { cause } = new HttpError(418, 'tea', { code: 999 })
    expect((cause as Error).message).toBe('error code 999 does not belong to status 418: use 41800 to 41899')
  })
})
