import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BadRequest, contract, HttpError, NotFound, service, t } from 'tricube'

/** The error that the handler throws. */
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

/** Adds routes and hooks that fail. */
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

async function responseOf(path: string): Promise<{ status: number; body: unknown; headers: Headers }> {
  const response = await fetch(url + path)
  return { status: response.status, body: JSON.parse(await response.text()) as unknown, headers: response.headers }
}

const unexpected = { code: 50000, message: 'Internal Server Error' }

describe('responds with 500 and without details when a handler throws', () => {
  it.each([
    ['an error of another client', foreign(404)],
    ['an error of 429 of another client', foreign(429, { headers: { 'retry-after': '5' } })],
    ['an error of 503', foreign(503)],
    ['an object', { statusCode: 401, message: 'secret' }],
    ['the body of another Fastify', { statusCode: 404, code: 'FST_ERR_NOT_FOUND', message: 'secret' }],
    ['an error of http-errors', foreign(409, { expose: true })],
    ['a string', 'secret'],
    ['undefined', undefined],
  ])('%s', async (_what, value) => {
    thrown = value
    for (const path of ['/fail', '/raw']) {
      expect(await responseOf(path)).toMatchObject({ status: 500, body: unexpected })
    }
  })

  it('an error of another client, in a hook', async () => {
    expect(await responseOf('/fail?hook=preHandler')).toMatchObject({ status: 500, body: unexpected })
  })
})

describe('keeps the error format', () => {
  it.each([
    ['a header with a line break', { 'x-a': 'a\r\nset-cookie: b' }],
    ['a header that is not Latin-1', { 'x-a': '名字' }],
    ['a header with an invalid name', { 'x a': 'b' }],
  ])('and omits %s', async (_what, headers) => {
    thrown = new NotFound('user 7', { headers: { ...headers, 'x-valid': 'yes' } })
    const { status, body, headers: sent } = await responseOf('/fail')
    expect([status, body]).toEqual([404, { code: 40400, message: 'Not Found', error: 'user 7' }])
    expect(sent.get('x-valid')).toBe('yes')
    expect([...sent.keys()]).not.toContain('set-cookie')
  })

  it('when a header of the response cannot be sent', async () => {
    expect(await responseOf('/bad-header')).toMatchObject({ status: 500, body: unexpected })
  })

  it('when an onSend hook always fails', async () => {
    thrown = new NotFound('user 7')
    for (const path of ['/fail', '/raw', '/health/live']) {
      const { status, body, headers } = await responseOf(`${path}?hook=onSend`)
      expect([status, body]).toEqual([500, unexpected])
      expect(headers.get('x-content-type-options')).toBe('nosniff')
    }
    const { statusCode, json } = await app.inject('/fail?hook=onSend')
    expect([statusCode, json()]).toEqual([500, unexpected])
  })

  it.each([
    ['a code of another status', new HttpError(418, 'tea', { code: 999 }), 418, 41800, 'tea'],
    ['a code that is not a number', new BadRequest('x', { code: Number.NaN }), 400, 40000, 'x'],
    ['a detail with a bigint', new BadRequest({ id: 1n }), 400, 40000, undefined],
    ['an invalid status', new HttpError(700, 'x'), 500, 50000, undefined],
    ['a success status', new HttpError(200, 'x'), 500, 50000, undefined],
  ])('for %s', async (_what, error, status, code, detail) => {
    thrown = error
    const response = await responseOf('/fail')
    expect(response).toMatchObject({ status, body: { code } })
    expect((response.body as { error?: unknown }).error).toBe(detail)
  })

  it('names a wrong code in the cause', () => {
    const { cause } = new HttpError(418, 'tea', { code: 999 })
    expect((cause as Error).message).toBe('error code 999 does not belong to status 418: use 41800 to 41899')
  })
})
