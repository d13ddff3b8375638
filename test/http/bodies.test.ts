import { createHmac, randomBytes } from 'node:crypto'
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  contract,
  form,
  openapiDocument,
  raw,
  secret,
  service,
  t,
  text,
  Unauthorized,
  UnsupportedMediaType,
  verifySignature,
} from 'tricube'
import { client } from 'tricube/client'
import { fetchClient } from 'tricube/client/fetch'
import { testService } from 'tricube/testing'
import { problemsOf } from '../openapi/validate.ts'
import { talk } from './socket.ts'

const bodies = contract('body-service', {
  bytes: {
    route: 'POST /bytes',
    body: raw({ maxBytes: 2_000_000 }),
    returns: t.Object({ hex: t.String(), length: t.Integer() }),
  },
  image: { route: 'PUT /image', body: raw({ types: ['image/png', 'image/svg+xml', 'video/*'] }), returns: t.Integer() },
  say: { route: 'POST /say', body: text({ types: ['text/plain', 'text/csv'], maxBytes: 1000 }), returns: t.String() },
  order: {
    route: 'POST /order',
    body: form({
      name: t.String({ minLength: 1 }),
      amount: t.Integer(),
      tags: t.Optional(t.Array(t.String())),
      gift: t.Boolean({ default: false }),
    }),
    returns: t.Object({
      name: t.String(),
      amount: t.Integer(),
      tags: t.Optional(t.Array(t.String())),
      gift: t.Boolean(),
    }),
  },
  packed: {
    route: 'POST /packed',
    body: t.Object({ items: t.Array(t.Integer()) }),
    compressedBody: true,
    returns: t.Integer(),
  },
  packedBytes: {
    route: 'POST /packed-bytes',
    body: raw({ maxBytes: 100_000 }),
    compressedBody: true,
    returns: t.Integer(),
  },
  plain: { route: 'POST /plain', body: t.Object({ a: t.Integer() }), returns: t.Integer() },
})
const bodyService = service(bodies, {
  limits: { bodyLimit: 1_000_000 },
  handlers: {
    bytes: ({ body }) => ({ hex: Buffer.from(body.subarray(0, 8)).toString('hex'), length: body.length }),
    image: ({ body }) => body.length,
    say: ({ body }) => body,
    order: ({ body }) => body,
    packed: ({ body }) => body.items.length,
    packedBytes: ({ body }) => body.length,
    plain: ({ body }) => body.a,
  },
})

let url: string
let port: number
beforeAll(async () => {
  ;({ url } = await bodyService.listen())
  port = Number(new URL(url).port)
})
afterAll(() => bodyService.close())

async function post(
  path: string,
  body: NonNullable<RequestInit['body']>,
  type?: string,
  headers: Record<string, string> = {},
  method = 'POST',
) {
  const response = await fetch(url + path, {
    method,
    body,
    headers: { ...(type !== undefined && { 'content-type': type }), ...headers },
    ...(body instanceof ReadableStream && { duplex: 'half' }),
  })
  const { code, data, error } = (await response.json()) as { code: number; data?: unknown; error?: unknown }
  return { status: response.status, code, data, error }
}

describe('raw()', () => {
  it('gives the bytes as they came, of any type and of none', async () => {
    const odd = Uint8Array.of(0, 255, 0xc3, 0x28, 13, 10)
    for (const type of ['application/json', 'application/octet-stream', undefined]) {
      expect((await post('/bytes', odd, type)).data).toEqual({ hex: '00ffc3280d0a', length: 6 })
    }
    expect((await post('/bytes', '', 'text/plain')).data).toEqual({ hex: '', length: 0 })
    const { status } = await post('/bytes', randomBytes(2_000_000))
    expect(status).toBe(200) // more than the limit of the service
  })

  it('rejects other types before it reads them', async () => {
    expect(await post('/image', 'x', 'image/png; q=1', {}, 'PUT')).toMatchObject({ status: 200, data: 1 })
    expect((await post('/image', 'x', 'VIDEO/mp4', {}, 'PUT')).status).toBe(200)
    for (const type of ['image/jpeg', 'text/html', 'image', 'image/png, text/html', undefined]) {
      const { status, error } = await post('/image', new Blob(['x']), type, {}, 'PUT')
      expect([type, status, error]).toEqual([type, 415, 'the body has to be image/png or image/svg+xml or video/*'])
    }
    const head =
      'PUT /image HTTP/1.1\r\nhost: a\r\ncontent-type: text/html\r\ncontent-length: 1000000\r\nexpect: 100-continue\r\n\r\n'
    const { statuses, isClosed, text: seen } = await talk(port, head)
    expect([statuses, isClosed]).toEqual([[415], true])
    expect(seen).not.toContain('100 Continue')
  })

  it('rejects no body where it has types, and accepts an empty one of such a type', async () => {
    const error = 'a body of image/png or image/svg+xml or video/* is required'
    const bare = await fetch(`${url}/image`, { method: 'PUT' })
    expect([bare.status, await bare.json()]).toEqual([400, { code: 40001, message: 'Bad Request', error }])
    const said = await fetch(`${url}/say`, { method: 'POST' })
    expect([said.status, await said.json()]).toMatchObject([
      400,
      { error: 'a body of text/plain or text/csv is required' },
    ])
    expect(await post('/image', '', 'image/png', {}, 'PUT')).toMatchObject({ status: 200, data: 0 })
    expect(await post('/say', '', 'text/csv')).toMatchObject({ status: 200, data: '' })
    expect((await post('/image', '', 'text/html', {}, 'PUT')).status).toBe(415)
    const any = await fetch(`${url}/bytes`, { method: 'POST' })
    expect(await any.json()).toMatchObject({ data: { length: 0 } })
    await using over = client(bodies, { url })
    for (const one of [over, fetchClient(bodies, { url })]) {
      expect(await one.say({ body: '' })).toBe('')
      expect(await one.image({ body: new Uint8Array() })).toBe(0)
    }
  })

  it('rejects a body over its limit, by its header and by its bytes', async () => {
    const head = 'POST /bytes HTTP/1.1\r\nhost: a\r\ncontent-length: 2000001\r\nexpect: 100-continue\r\n\r\n'
    const { statuses, isClosed, text: seen } = await talk(port, head)
    expect([statuses, isClosed]).toEqual([[413], true])
    expect(seen).not.toContain('100 Continue')
    const chunked = 'POST /bytes HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n'
    const chunk = `${(100_000).toString(16)}\r\n${'x'.repeat(100_000)}\r\n`
    expect((await talk(port, chunked + chunk.repeat(21))).statuses).toEqual([413])
  })

  it('says 100 Continue when it reads the body, also when that is larger than the limit of the service', async () => {
    const head = `POST /bytes HTTP/1.1\r\nhost: a\r\ncontent-length: 1500000\r\nexpect: 100-continue\r\n\r\n`
    expect((await talk(port, head, 1)).statuses).toEqual([100])
    const { statuses } = await talk(port, `${head}${'x'.repeat(1_500_000)}`, 2)
    expect(statuses).toEqual([100, 200])
  })
})

describe('text()', () => {
  it('gives text, and rejects what is none', async () => {
    expect((await post('/say', 'ü\n"', 'text/plain')).data).toBe('ü\n"')
    expect((await post('/say', 'a,b', 'text/csv; charset="UTF-8"; header=present')).data).toBe('a,b')
    expect(await post('/say', Uint8Array.of(0xff), 'text/plain')).toMatchObject({
      status: 400,
      code: 40001,
      error: 'the body is not UTF-8',
    })
    expect((await post('/say', 'x', 'text/plain; charset=latin1')).status).toBe(415)
    expect((await post('/say', 'x', 'text/html')).status).toBe(415)
    expect((await post('/say', 'x'.repeat(1001), 'text/plain')).status).toBe(413)
  })
})

describe('form()', () => {
  const type = 'application/x-www-form-urlencoded'
  const order = (body: string) => post('/order', body, type)

  it('gives typed fields', async () => {
    expect((await order('name=A+B%26C&amount=7&tags=x&tags=y&gift=true')).data).toEqual({
      name: 'A B&C',
      amount: 7,
      tags: ['x', 'y'],
      gift: true,
    })
    expect((await order('name=%F0%9F%8D%B5&amount=-1&tags=x&')).data).toEqual({
      name: '🍵',
      amount: -1,
      tags: ['x'],
      gift: false,
    })
  })

  it.each<[string, string, unknown]>([
    [
      'an unknown field',
      'name=a&amount=1&nam=b',
      [{ in: 'body', path: 'nam', message: expect.stringContaining('is not a known field') }],
    ],
    [
      'a field twice',
      'name=a&name=b&amount=1',
      [{ in: 'body', path: 'name', message: 'is given several times, expected once' }],
    ],
    ['no integer', 'name=a&amount=1.5', [{ in: 'body', path: 'amount', message: 'must be integer' }]],
    ['nothing', '', expect.arrayContaining([{ in: 'body', path: 'name', message: 'is required' }])],
    ['half an escape', 'name=%F0%9F&amount=1', 'the form has a malformed percent-encoding'],
    ['a percent sign', 'name=100%&amount=1', 'the form has a malformed percent-encoding'],
    ['a prototype', '__proto__=1&name=a&amount=1', 'the form names __proto__ or constructor'],
    ['a constructor', 'constructor=1&name=a&amount=1', 'the form names __proto__ or constructor'],
    ['1,001 fields', 'a=1&'.repeat(1001), 'the form has more than 1000 fields'],
  ])('rejects %s', async (_, body, error) => {
    expect(await order(body)).toMatchObject({ status: 400, error })
  })

  it('rejects JSON, and JSON operations reject forms', async () => {
    expect(await post('/order', '{}', 'application/json')).toMatchObject({
      status: 415,
      error: `the body has to be ${type}`,
    })
    expect((await post('/plain', 'a=1', type)).status).toBe(415)
  })

  it('reads what URLSearchParams writes', async () => {
    await using app = await testService(bodyService)
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1, unit: 'grapheme' }), fc.integer(), async (name, amount) => {
        const { data } = await app.client.order({ body: { name, amount, gift: false } })
        expect(data).toEqual({ name, amount, gift: false })
      }),
      { numRuns: 50 },
    )
  })
})

describe('compressed bodies', () => {
  const br = (data: Buffer | string) => brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } })
  const encodings = { gzip: gzipSync, deflate: deflateSync, br }
  const json = JSON.stringify({ items: Array.from({ length: 1000 }, (_, i) => i) })

  it.each(Object.entries(encodings))('are unpacked: %s', async (encoding, pack) => {
    const headers = { 'content-encoding': encoding }
    expect(await post('/packed', pack(json), 'application/json', headers)).toMatchObject({ status: 200, data: 1000 })
    expect(await post('/packed-bytes', pack(json), undefined, headers)).toMatchObject({
      status: 200,
      data: json.length,
    })
  })

  it('may also be plain, in which the operation sees no difference', async () => {
    expect((await post('/packed', json, 'application/json')).data).toBe(1000)
    expect((await post('/packed', json, 'application/json', { 'content-encoding': 'identity' })).data).toBe(1000)
  })

  it.each(Object.entries(encodings))('that become too large stop at the limit: %s', async (encoding, pack) => {
    const bomb = pack(Buffer.alloc(80_000_000))
    expect(bomb.length).toBeLessThan(100_000)
    const before = process.memoryUsage.rss()
    const all = await Promise.all(
      Array.from({ length: 10 }, () => post('/packed-bytes', bomb, undefined, { 'content-encoding': encoding })),
    )
    expect(all.map(({ status, error }) => [status, error])).toEqual(
      all.map(() => [413, expect.stringContaining('over the limit')]),
    )
    expect(process.memoryUsage.rss() - before).toBeLessThan(100_000_000)
  })

  it.each(Object.entries(encodings))('that are cut or no such encoding are a 400: %s', async (encoding, pack) => {
    const packed = pack(json)
    for (const wrong of [packed.subarray(0, packed.length / 2), Buffer.from(json)]) {
      const response = await post('/packed', wrong, 'application/json', { 'content-encoding': encoding })
      expect(response).toMatchObject({ status: 400, code: 40001, error: `the body is not valid ${encoding}` })
    }
  })

  it('in another encoding, or where the operation does not take them, are a 415', async () => {
    for (const encoding of ['zstd', 'gzip, gzip', 'constructor']) {
      expect((await post('/packed', 'x', 'application/json', { 'content-encoding': encoding })).status).toBe(415)
    }
    for (const path of ['/plain', '/bytes']) {
      expect((await post(path, gzipSync('{"a":1}'), 'application/json', { 'content-encoding': 'gzip' })).status).toBe(
        415,
      )
    }
  })

  it('whose caller hangs up leave nothing behind', async () => {
    const packed = gzipSync(randomBytes(80_000))
    const head = `POST /packed-bytes HTTP/1.1\r\nhost: a\r\ncontent-encoding: gzip\r\ncontent-length: ${packed.length}\r\n\r\n`
    const { connect } = await import('node:net')
    for (let i = 0; i < 20; i++) {
      const socket = connect(port, '127.0.0.1')
      socket.write(Buffer.concat([Buffer.from(head), packed.subarray(0, 40_000)]), () => socket.destroy())
    }
    const zlibs = () => process.getActiveResourcesInfo().filter((name) => /zlib/i.test(name)).length
    await expect.poll(zlibs).toBe(0)
    expect((await post('/packed-bytes', packed, undefined, { 'content-encoding': 'gzip' })).data).toBe(80_000)
  })
})

describe('callers', () => {
  it('send all of them, over undici, over fetch and in tests', async () => {
    await using over = client(bodies, { url })
    await using app = await testService(bodyService)
    const inTest = async <T>(response: Promise<{ data: T }>) => (await response).data
    const bytes = Uint8Array.of(0, 255)
    const order = { name: 'A&B=ü', amount: 1, tags: ['x', 'y'], gift: true }
    for (const one of [over, fetchClient(bodies, { url })]) {
      expect(await one.bytes({ body: bytes })).toEqual({ hex: '00ff', length: 2 })
      expect(await one.bytes({ body: 'ü' })).toEqual({ hex: 'c3bc', length: 2 })
      expect(await one.image({ body: new Blob(['abc'], { type: 'video/mp4' }) })).toBe(3)
      expect(await one.image({ body: 'abc' })).toBe(3) // the first type of the contract
      expect(await one.say({ body: 'ü' })).toBe('ü')
      expect(await one.order({ body: order })).toEqual(order)
      await expect(one.image({ body: new Blob(['a'], { type: 'text/html' }) })).rejects.toBeInstanceOf(
        UnsupportedMediaType,
      )
      await expect(one.bytes({ body: 7 as never })).rejects.toThrow('the body must be a Uint8Array, a text or a Blob')
    }
    expect(await inTest(app.client.bytes({ body: bytes }))).toEqual({ hex: '00ff', length: 2 })
    expect(await inTest(app.client.image({ body: new Blob(['abc'], { type: 'video/mp4' }) }))).toBe(3)
    expect(await inTest(app.client.order({ body: order }))).toEqual(order)
  })

  it('are mocked', async () => {
    const caller = service(contract('caller-service', { go: { route: 'GET /go', returns: t.Unknown() } }), {
      clients: { bodies },
      handlers: {
        go: async ({ clients }) => [
          await clients.bodies.bytes({ body: Uint8Array.of(1) }),
          await clients.bodies.order({ body: { name: 'a', amount: 1, gift: true } }),
        ],
      },
    })
    await using app = await testService(caller)
    const mock = app.mock(bodies)
    mock.bytes.returns({ hex: '01', length: 1 })
    mock.order.implement(({ body: { gift = false, ...order } }) => ({ ...order, gift }))
    expect((await app.client.go()).data).toEqual([
      { hex: '01', length: 1 },
      { name: 'a', amount: 1, gift: true },
    ])
    expect(mock.bytes.calls[0]!.body).toEqual(Uint8Array.of(1))
  })
})

describe('verifySignature', () => {
  const at = 1_700_000_000
  const body = Buffer.from('{"id":"evt_1","text":"ü"}')
  const hmac = (key: string | Buffer, signed: string, encoding: 'hex' | 'base64' = 'hex') =>
    createHmac('sha256', key).update(signed).update(body).digest(encoding)
  const key = Buffer.from('a key of bytes')
  const github = { 'x-hub-signature-256': `sha256=${hmac('s', '')}` }
  const stripe = { 'stripe-signature': `t=${at},v1=${hmac('s', `${at}.`)},v0=x` }
  const standard = {
    'webhook-id': 'msg_1',
    'webhook-timestamp': `${at}`,
    'webhook-signature': `v1,${hmac(key, `msg_1.${at}.`, 'base64')}`,
  }
  const verify =
    (scheme: 'github' | 'stripe' | 'standard', headers: Record<string, string>, more: object = {}) =>
    () =>
      verifySignature({ scheme, body, headers, secret: 's', now: at * 1000, ...more })

  it("accepts GitHub's own example", () => {
    // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
    verifySignature({
      scheme: 'github',
      body: Buffer.from('Hello, World!'),
      headers: { 'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17' },
      secret: "It's a Secret to Everybody",
    })
  })

  it('accepts what is signed with one of the secrets', () => {
    verify('github', github)()
    verify('stripe', stripe)()
    verify('stripe', stripe, { secret: ['new', 's'] })()
    verify('stripe', { 'stripe-signature': `t=${at},v1=${'0'.repeat(64)},v1=${hmac('s', `${at}.`)}` })()
    verify('standard', standard, { secret: `whsec_${key.toString('base64')}` })()
    for (const now of [at - 300, at + 300]) verify('stripe', stripe, { now: now * 1000 })()
  })

  it.each<[string, () => void]>([
    ['no header', verify('github', {})],
    ['another secret', verify('github', github, { secret: 't' })],
    ['another body', verify('github', github, { body: Buffer.concat([body, Buffer.from(' ')]) })],
    ['a cut signature', verify('github', { 'x-hub-signature-256': github['x-hub-signature-256'].slice(0, -2) })],
    ['SHA-1', verify('github', { 'x-hub-signature-256': `sha1=${hmac('s', '')}` })],
    ['upper case', verify('github', { 'x-hub-signature-256': `sha256=${hmac('s', '').toUpperCase()}` })],
    ['a time that is too old', verify('stripe', stripe, { now: (at + 301) * 1000 })],
    ['a time in the future', verify('stripe', stripe, { now: (at - 301) * 1000 })],
    [
      'another time',
      verify('stripe', { 'stripe-signature': stripe['stripe-signature'].replace(`t=${at}`, `t=${at + 1}`) }),
    ],
    ['no time', verify('stripe', { 'stripe-signature': `v1=${hmac('s', `${at}.`)}` })],
    ['no number as time', verify('stripe', { 'stripe-signature': stripe['stripe-signature'].replace(`${at}`, 'NaN') })],
    ['an old scheme alone', verify('stripe', { 'stripe-signature': `t=${at},v0=${hmac('s', `${at}.`)}` })],
    ['garbage', verify('stripe', { 'stripe-signature': ',=,t,v1,,' })],
    ['another id', verify('standard', { ...standard, 'webhook-id': 'msg_2' }, { secret: key.toString('base64') })],
  ])('rejects %s', (_, check) => {
    expect(check).toThrow(Unauthorized)
  })

  it.each<[string, () => void]>([
    ['no secret', verify('github', github, { secret: [] })],
    ['an empty secret', verify('github', github, { secret: '' })],
    ['an empty key', verify('standard', standard, { secret: 'whsec_' })],
  ])('is a TypeError with %s: everyone could sign', (_, check) => {
    expect(check).toThrow(TypeError)
  })

  it('works in a handler, over a socket', async () => {
    const hooks = contract('hook-service', {
      paid: {
        route: 'POST /hooks/stripe',
        body: raw({ types: ['application/json'] }),
        status: 204,
        errors: [Unauthorized],
      },
    })
    const seen: unknown[] = []
    const hookService = service(hooks, {
      settings: { stripeSecret: secret() },
      handlers: {
        paid({ body: bytes, headers, settings }) {
          verifySignature({ scheme: 'stripe', body: bytes, headers, secret: settings.stripeSecret })
          seen.push(JSON.parse(Buffer.from(bytes).toString()))
        },
      },
    })
    vi.stubEnv('STRIPE_SECRET', 's')
    const { url: address } = await hookService.listen()
    vi.unstubAllEnvs()
    const now = Math.floor(Date.now() / 1000)
    const deliver = (signature: string, sent: Buffer) =>
      fetch(`${address}/hooks/stripe`, {
        method: 'POST',
        body: sent,
        headers: { 'content-type': 'application/json', 'stripe-signature': signature },
      })
    const signature = `t=${now},v1=${hmac('s', `${now}.`)}`
    expect((await deliver(signature, body)).status).toBe(204)
    expect((await deliver(signature, Buffer.from(body.toString().replace('1', '2')))).status).toBe(401)
    expect(seen).toEqual([{ id: 'evt_1', text: 'ü' }])
    await hookService.close()
  })
})

describe('the contract', () => {
  it.each<[string, () => unknown, string]>([
    [
      'no media type',
      () => raw({ types: ['png'] }),
      'raw: types must be a list of media types like text/csv, got "png"',
    ],
    ['an empty list', () => text({ types: [] }), 'text: types must be a list of media types'],
    ['no limit', () => raw({ maxBytes: 0 }), 'raw: maxBytes must be a positive integer, got 0'],
    ['an unknown option', () => form({}, { types: ['a/b'] } as never), 'form: unknown option "types"'],
    [
      'a GET with a body',
      () => contract('x-service', { a: { route: 'GET /', body: raw() as never } }),
      'a GET cannot have a body',
    ],
    [
      'compressedBody without a body',
      () => contract('x-service', { a: { route: 'POST /', compressedBody: true } }),
      'compressedBody needs a body',
    ],
    [
      'an unknown keyword in a form',
      () => contract('x-service', { a: { route: 'POST /', body: form({ a: t.String({ minLenght: 1 }) }) } }),
      'unknown keyword "minLenght"',
    ],
    [
      'an object in a form',
      () => contract('x-service', { a: { route: 'POST /', body: form({ a: t.Object({}) }) } }),
      'body.a: a form is text',
    ],
  ])('rejects %s', (_, define, message) => {
    expect(define).toThrow(message)
  })

  it('is valid OpenAPI, by media type', async () => {
    const document = openapiDocument(bodies)
    expect(await problemsOf(document)).toEqual([])
    const types = (path: string, method = 'post') => Object.keys(document.paths[path]![method]!.requestBody!.content)
    expect([types('/image', 'put'), types('/say'), types('/order')]).toEqual([
      ['image/png', 'image/svg+xml', 'video/*'],
      ['text/plain', 'text/csv'],
      ['application/x-www-form-urlencoded'],
    ])
  })
})
