/** Values that JSON or PostgreSQL could not hold, rejected by their schema with their name. */
import { connect } from 'node:net'
import { contract, service, t } from 'tricube'
import { testService, type TestApp } from 'tricube/testing'
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest'

const rowContract = contract('row-service', {
  getRow: { route: 'GET /rows/:id', params: { id: t.Int32({ minimum: 1 }) }, returns: t.Integer() },
  getSmall: { route: 'GET /small', query: { n: t.Int16(), m: t.Int32({ default: 5 }) }, returns: t.Array(t.Integer()) },
  save: { route: 'POST /rows', body: t.Record(t.String(), t.Unknown()), returns: t.Unknown() },
})
const rows = service(rowContract, {
  models: {},
  handlers: {
    getRow: ({ params, db }) => db.value<number>`SELECT ${params.id}::int4`,
    getSmall: ({ query, db }) => db.value<number[]>`SELECT array[${query.n}::int2, ${query.m}::int4]`,
    save: ({ body }) => body,
  },
})

let app: TestApp<typeof rowContract>
let port: number
beforeAll(async () => {
  app = await testService(rows, { config: { logLevel: 'silent' } })
  port = Number(new URL(await app.fastify.listen({ port: 0, host: '127.0.0.1' })).port)
})
afterAll(() => app.close())

const get = async (path: string): Promise<any> => (await fetch(`http://127.0.0.1:${port}${path}`)).json()

describe('an integer of PostgreSQL', () => {
  it.each([1, 2 ** 31 - 1])('is accepted in its range: %d', async (id) => {
    expect((await get(`/rows/${id}`)).data).toBe(id)
  })

  it.each([
    ['/rows/2147483648', 'params', 'id', 'must be <= 2147483647'],
    ['/rows/0', 'params', 'id', 'must be >= 1'],
    ['/rows/9007199254740993', 'params', 'id', 'must be integer'],
    ['/small?n=32768', 'query', 'n', 'must be <= 32767'],
    ['/small?n=-32769', 'query', 'n', 'must be >= -32768'],
    ['/small?n=1&m=-2147483649', 'query', 'm', 'must be >= -2147483648'],
  ])('is rejected out of its range with its name: %s', async (path, part, name, message) => {
    expect(await get(path)).toMatchObject({ code: 40002, error: [{ in: part, path: name, message }] })
  })

  it('has a default', async () => {
    expect((await get('/small?n=-32768')).data).toEqual([-32768, 5])
    expectTypeOf(t.Int32()).toEqualTypeOf(t.Integer())
  })
})

/** Sends a body as it is: `fetch` would make it valid. */
function post(body: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const bytes = Buffer.from(body)
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(
        `POST /rows HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${bytes.length}\r\n\r\n`,
      )
      socket.end(bytes)
    })
    let text = ''
    socket.on('data', (chunk) => (text += chunk))
    socket.on('end', () => resolve(text.slice(text.indexOf('\r\n\r\n') + 4)))
    socket.on('error', reject)
  })
}

describe('half of a surrogate pair', () => {
  it.each([
    String.raw`{"a":"\ud800"}`,
    String.raw`{"a":"\uDC00x"}`,
    String.raw`{"a":["x",{"b":"\udc00\ud800"}]}`,
    String.raw`{"\ud83d":1}`,
    String.raw`{"a":"\\\ud83d"}`,
  ])('is rejected: %s', async (body) => {
    expect(JSON.parse(await post(body))).toMatchObject({ code: 40001, error: 'the body has half of a surrogate pair' })
  })

  it.each([
    [String.raw`{"a":"\ud83d\ude00"}`, { a: '😀' }],
    [String.raw`{"a":"\\ud800"}`, { a: String.raw`\ud800` }],
    [String.raw`{"a":"\u00e9"}`, { a: 'é' }],
    ['{"a":"😀"}', { a: '😀' }],
  ])('is not confused with text: %s', async (body, value) => {
    expect(JSON.parse(await post(body)).data).toEqual(value)
  })

  it('in UTF-8 is no UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')])
    expect(JSON.parse(await post(bytes))).toMatchObject({ code: 40001, error: 'the body is not UTF-8' })
  })

  it('deep in a large body is found without the stack', async () => {
    const deep = `{"a":${'['.repeat(50_000)}"\\ud800"${']'.repeat(50_000)}}`
    expect(JSON.parse(await post(deep))).toMatchObject({ code: 40001 })
  })
})
