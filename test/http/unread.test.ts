import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import { contract, service, t } from 'tricube'
import { testService, type TestApp } from 'tricube/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { talk } from './socket.ts'

/** Node reads the rest of a body after the response. tricube skips this for requests without a body. */
const pages = contract('pages', {
  getPage: { route: 'GET /pages/:id', params: { id: t.Integer() }, returns: t.Integer() },
  savePage: { route: 'POST /pages', body: t.Object({ id: t.Integer() }), returns: t.Integer() },
  watchPage: { route: 'GET /watched', returns: t.String() },
})

const ends: Promise<unknown>[] = []
const app = service(pages, {
  handlers: {
    getPage: ({ params: { id } }) => id,
    savePage: ({ body: { id } }) => id,
    watchPage({ request: { raw } }) {
      ends.push(once(raw, 'end'), once(raw, 'close'), finished(raw))
      return 'watched'
    },
  },
})

let test: TestApp<typeof pages>
let port: number
beforeAll(async () => {
  test = await testService(app, { config: { logLevel: 'silent' } })
  port = Number(new URL(await test.fastify.listen({ port: 0, host: '127.0.0.1' })).port)
})
afterAll(() => test.close())

const get = (path: string, rest = '\r\n'): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n${rest}`

describe('one connection', () => {
  it('serves pipelined requests without a body', async () => {
    const { statuses, text } = await talk(port, get('/pages/1') + get('/pages/2') + get('/pages/3'), 3)
    expect(statuses).toEqual([200, 200, 200])
    expect(text.match(/"data":\d/g)).toEqual(['"data":1', '"data":2', '"data":3'])
  })

  it.each([
    ['with a length', 'Content-Length: 5\r\n\r\nGET /'],
    ['of no bytes', 'Content-Length: 0\r\n\r\n'],
    ['in chunks', 'Transfer-Encoding: chunked\r\n\r\n5\r\nGET /\r\n3\r\nabc\r\n0\r\n\r\n'],
    ['longer than a buffer', `Content-Length: 200000\r\n\r\n${'x'.repeat(200_000)}`],
  ])('does not read an unread body as the next request: %s', async (_, rest) => {
    const { statuses, text } = await talk(port, get('/pages/1', rest) + get('/pages/2'), 2)
    expect(statuses).toEqual([200, 200])
    expect(text).toContain('"data":2')
  })

  it('reports a missing body at once when there is only a content type', async () => {
    const post = 'POST /pages HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\r\n'
    const { statuses, text } = await talk(port, post + get('/pages/2'), 2)
    expect(statuses).toEqual([400, 200])
    expect(text).toContain('a JSON body is required')
  })
})

it('emits end and close of a request to listeners', async () => {
  expect((await talk(port, get('/watched'), 1)).statuses).toEqual([200])
  expect(ends).toHaveLength(3)
  await Promise.all(ends)
})
