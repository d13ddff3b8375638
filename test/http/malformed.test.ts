import { contract, service, t } from 'tricube'
import { testService, type TestApp } from 'tricube/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { talk } from './socket.ts'

const things = contract('thing-service', {
  getThing: { route: 'GET /things/:id', query: { q: t.Optional(t.String()) }, returns: t.String() },
  addThing: { route: 'POST /things', body: t.Object({}), returns: t.String() },
  wait: { route: 'GET /wait', returns: t.String() },
})
let ran: string[] = []
let release: (() => void) | undefined
const app = service(things, {
  handlers: {
    getThing({ params: { id }, query: { q = '' } }) {
      ran.push('getThing')
      return id + q
    },
    addThing() {
      ran.push('addThing')
      return 'ok'
    },
    wait: () => new Promise((resolve) => (release = () => resolve('waited'))),
  },
})

let test: TestApp<typeof things>
let port: number
beforeAll(async () => {
  test = await testService(app, { config: { logLevel: 'silent' } })
  port = Number(new URL(await test.fastify.listen({ port: 0, host: '127.0.0.1' })).port)
})
afterAll(() => test.close())
beforeEach(() => {
  ran = []
  release = undefined
})

const get = (target: string, headers = 'Host: a\r\n', version = 'HTTP/1.1') =>
  `GET ${target} ${version}\r\n${headers}\r\n`
const json = 'Host: a\r\nContent-Type: application/json\r\n'
const post = (headers: string, body: string, version = 'HTTP/1.1') =>
  `POST /things ${version}\r\n${json}${headers}\r\n${body}`
const chunked = 'Transfer-Encoding: chunked\r\n'
const chunks = '2\r\n{}\r\n0\r\n\r\n'
const behind = get('/things/smuggled')

describe('rejects before routing, and closes the connection:', () => {
  it.each<[string, string]>([
    // Host: RFC 9112, 3.2
    ['no Host', get('/things/1', '')],
    ['an empty Host', get('/things/1', 'Host:\r\n')],
    ['a second Host', get('/things/1', 'Host: a\r\nHost: a\r\n')],
    ['another Host', get('/things/1', 'Host: a\r\nX: 1\r\nhOST: b\r\n')],
    ['Hosts with a comma', get('/things/1', 'Host: a,b\r\n')],
    ['a Host with a space', get('/things/1', 'Host: a b\r\n')],
    ['a Host with a user', get('/things/1', 'Host: a@b\r\n')],
    ['a Host with a path', get('/things/1', 'Host: a/b\r\n')],
    ['a Host with a wrong port', get('/things/1', 'Host: a:b\r\n')],
    // The first line: 2.3, 3 and 3.2
    ['the absolute form', get('http://a/things/1')],
    ['the absolute form of another host', get('http://b/things/1')],
    ['GET *', get('*')],
    ['OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a fragment', get('/things/1#2')],
    ['a fragment behind a query', get('/things/1?q=1#2')],
    ['a relative target', get('things/1')],
    ['a space in the target', get('/things/1 2')],
    ['a control character in the target', get('/things/\x01')],
    ['DEL in the target', get('/things/\x7f')],
    ['a tab in the target', get('/things/1\t2')],
    ['bytes over 127 in the target', get('/things/\xe9')],
    ['HTTP/0.9', 'GET /things/1\r\n\r\n'],
    ['HTTP/1.2', get('/things/1', 'Host: a\r\n', 'HTTP/1.2')],
    ['HTTP/2.0 in words', get('/things/1', 'Host: a\r\n', 'HTTP/2.0')],
    ["HTTP/2's preface", 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['an unknown method', 'FOO /things/1 HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a method in lower case', 'get /things/1 HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['TLS', '\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03'],
    // Percent-encoding
    ['a wrong escape in the path', get('/things/%zz')],
    ['a wrong escape in the query', get('/things/1?q=%zz')],
    ['half an escape', get('/things/1?q=%')],
    ['a path that is not UTF-8', get('/things/%ff')],
    ['a query that is not UTF-8', get('/things/1?q=%c3%28')],
    ['NUL in the path', get('/things/%00')],
    ['NUL in the query', get('/things/1?q=%00')],
    ['a line break in the path', get('/things/a%0D%0Ab')],
    ['DEL in the path', get('/things/%7f')],
    // Framing: 6.1 to 6.3 and 7.1
    ['Transfer-Encoding with Content-Length', post(`Content-Length: 2\r\n${chunked}`, chunks)],
    ['Content-Length with Transfer-Encoding', post(`${chunked}Content-Length: 2\r\n`, chunks)],
    ['Transfer-Encoding in HTTP/1.0', post(chunked, chunks, 'HTTP/1.0')],
    ['gzip, chunked', post('Transfer-Encoding: gzip, chunked\r\n', chunks)],
    ['gzip and chunked', post(`Transfer-Encoding: gzip\r\n${chunked}`, chunks)],
    ['chunked, gzip', post('Transfer-Encoding: chunked, gzip\r\n', chunks)],
    ['chunked twice', post(chunked + chunked, chunks)],
    ['chunked, chunked', post('Transfer-Encoding: chunked, chunked\r\n', chunks)],
    ['identity', post('Transfer-Encoding: identity\r\n', '{}')],
    ['an empty Transfer-Encoding', post('Transfer-Encoding:\r\n', '{}')],
    ['a vertical tab before chunked', post('Transfer-Encoding: \x0bchunked\r\n', chunks)],
    ['a space before the colon', post('Transfer-Encoding : chunked\r\n', chunks)],
    ['a folded Transfer-Encoding', post('Transfer-Encoding:\r\n chunked\r\n', chunks)],
    ['two lengths', post('Content-Length: 2\r\nContent-Length: 3\r\n', '{}')],
    ['one length twice', post('Content-Length: 2\r\nContent-Length: 2\r\n', '{}')],
    ['lengths with a comma', post('Content-Length: 2, 2\r\n', '{}')],
    ['a length with a sign', post('Content-Length: +2\r\n', '{}')],
    ['a hexadecimal length', post('Content-Length: 0x2\r\n', '{}')],
    ['an empty length', post('Content-Length:\r\n', '{}')],
    ['a length over 2^64', post('Content-Length: 99999999999999999999999\r\n', '{}')],
    ['a negative chunk', post(chunked, '-2\r\n{}\r\n0\r\n\r\n')],
    ['a chunk over 2^64', post(chunked, 'fffffffffffffffff\r\n{}\r\n0\r\n\r\n')],
    ['0x in a chunk', post(chunked, '0x2\r\n{}\r\n0\r\n\r\n')],
    ['a chunk ended by a bare LF', post(chunked, '2\n{}\r\n0\r\n\r\n')],
    ['a bare LF in an extension', post(chunked, '2;a\nb\r\n{}\r\n0\r\n\r\n')],
    ['a chunk longer than it says', post(chunked, '2\r\n{}}\r\n0\r\n\r\n')],
    // Lines and headers: 2.2 and 5
    ['bare LFs', 'GET /things/1 HTTP/1.1\nHost: a\n\n'],
    ['a bare LF behind a header', get('/things/1', 'Host: a\r\nX: b\nY: c\r\n')],
    ['a bare CR in a header', get('/things/1', 'Host: a\r\nX: b\rc\r\n')],
    ['obs-fold', get('/things/1', 'Host: a\r\nX: b\r\n c\r\n')],
    ['obs-fold with a tab', get('/things/1', 'Host: a\r\nX: b\r\n\tc\r\n')],
    ['a fold before the first header', get('/things/1', ' X: b\r\nHost: a\r\n')],
    ['NUL in a header', get('/things/1', 'Host: a\r\nX: b\0c\r\n')],
    ['a control character in a header', get('/things/1', 'Host: a\r\nX: b\x01c\r\n')],
    ['a space in a name', get('/things/1', 'Host: a\r\nX Y: b\r\n')],
    ['an empty name', get('/things/1', 'Host: a\r\n: b\r\n')],
    ['a header without a colon', get('/things/1', 'Host: a\r\nX\r\n')],
    ['a header __proto__', get('/things/1', 'Host: a\r\n__proto__: b\r\n')],
    ['a header Constructor', get('/things/1', 'Host: a\r\nConstructor: b\r\n')],
  ])('%s', async (_title, request) => {
    const { statuses, text, body, isClosed } = await talk(port, request + behind)
    expect([statuses, isClosed, ran]).toEqual([[400], true, []])
    expect(text).toMatch(/^content-type: application\/json; charset=utf-8\r$/m)
    expect(text).toMatch(/^connection: close\r$/m)
    expect(JSON.parse(body)).toMatchObject({ code: 40000, message: 'Bad Request' })
  })

  it.each<[string, number, string]>([
    ['a long URL', 414, get(`/things/1?q=${'a'.repeat(8200)}`)],
    ['long headers', 431, get('/things/1', `Host: a\r\nX: ${'a'.repeat(17_000)}\r\n`)],
    ['many headers', 431, get('/things/1', `Host: a\r\n${'X: 1\r\n'.repeat(100)}`)],
    ['a Host behind many headers', 431, get('/things/1', `${'X: 1\r\n'.repeat(2500)}Host: a\r\n`)],
    ['many parameters', 400, get(`/things/1?${'a=&'.repeat(1001)}`)],
  ])('%s', async (_title, status, request) => {
    const { statuses, body, isClosed } = await talk(port, request + behind)
    expect([statuses, isClosed, ran]).toEqual([[status], true, []])
    expect(JSON.parse(body).code).toBe(status * 100)
  })
})

describe('responds, and keeps the connection:', () => {
  it.each<[string, string, number, number]>([
    ['a host with a port', get('/things/1', 'Host: a-b_c.example:8080\r\n'), 200, 0],
    ['an IPv6 host', get('/things/1', 'Host: [::1]:80\r\n'), 200, 0],
    ['a hundred headers', get('/things/1', `Host: a\r\n${'X: 1\r\n'.repeat(99)}`), 200, 0],
    ['an encoded slash', get('/things/a%2Fb'), 200, 0],
    ['an encoded line break in a query', get('/things/1?q=a%0Ab'), 200, 0],
    ['other scripts', get(`/things/${encodeURIComponent('李雷')}`), 200, 0],
    ['Chunked', post('Transfer-Encoding: Chunked\r\n', chunks), 200, 0],
    ['a length', post('Content-Length: 2\r\n', '{}'), 200, 0],
    ['a chunk with an extension', post(chunked, '2;a=b\r\n{}\r\n0\r\n\r\n'), 200, 0],
    ['empty lines before it', `\r\n\r\n${get('/things/1')}`, 200, 0],
    ['100-continue', post('Content-Length: 2\r\nExpect: 100-continue\r\n', '{}'), 200, 0],
    ['an unknown path', get('//evil/things/1'), 404, 40401],
    ['dots', get('/things/../wait'), 404, 40401],
    ['TRACE', 'TRACE /things/1 HTTP/1.1\r\nHost: a\r\n\r\n', 405, 40500],
    ['PROPFIND', 'PROPFIND /things/1 HTTP/1.1\r\nHost: a\r\n\r\n', 405, 40500],
    [
      'a method that the path does not have, with a body',
      `PATCH /things/1 HTTP/1.1\r\n${json}Content-Length: 1\r\n\r\n{`,
      405,
      40500,
    ],
    ['an unknown path, with a body', `POST /a HTTP/1.1\r\n${json}${chunked}\r\n${chunks}`, 404, 40401],
    ['a long parameter', get(`/things/${'a'.repeat(2000)}`), 414, 41400],
  ])('%s', async (_title, request, status, code) => {
    const wanted = request.includes('100-continue') ? [100, status, 200] : [status, 200]
    const { statuses, text } = await talk(port, request + behind, wanted.length)
    expect(statuses).toEqual(wanted)
    expect(text).toContain(`"code":${code}`)
  })

  it('an unknown method, before its body arrives', async () => {
    const { statuses } = await talk(port, `PUT /things HTTP/1.1\r\n${json}Content-Length: 9\r\n\r\n`, 1)
    expect(statuses).toEqual([405])
  })

  it('HTTP/1.0 without a Host', async () => {
    const { statuses, isClosed } = await talk(port, 'GET /things/1 HTTP/1.0\r\n\r\n')
    expect([statuses, isClosed]).toEqual([[200], true])
  })
})

describe('behind a request in flight', () => {
  const malformed = get('/things/1', 'Host: a\r\nbad header\r\n')

  it('sends no response to what cannot be parsed, because the caller would match it to the first request', async () => {
    const { text } = await talk(port, get('/wait') + malformed).catch(() => ({ text: '' }))
    expect(text).toBe('')
  })

  it('sends the rejection after the first response', async () => {
    const responses = talk(port, get('/wait') + get('*') + behind)
    await expect.poll(() => release).toBeDefined()
    release!()
    const { statuses, isClosed } = await responses
    expect([statuses, isClosed, ran]).toEqual([[200, 400], true, []])
  })
})
