import { readFileSync } from 'node:fs'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { contract, service, t, type ServiceOptions } from 'tricube'
import { logging } from '../log/logFile.ts'
import { authority } from './certificates.ts'
import { talk } from './socket.ts'

const things = contract('thing-service', {
  removeThing: { route: 'DELETE /things/:id', returns: t.String() },
  addThing: { route: 'POST /things', body: t.Object({ name: t.String() }), returns: t.String() },
  touch: { route: 'POST /touch', returns: t.String() },
})
const handlers = {
  removeThing: ({ params }: { params: { id: string } }) => params.id,
  addThing: ({ body }: { body: { name: string } }) => body.name,
  touch: () => 'touched',
}
const app = service(things, { handlers, limits: { bodyLimit: 100 } })
let port: number
beforeAll(async () => void (port = Number(new URL((await app.listen()).url).port)))
afterAll(() => app.close())

const request = (line: string, ...headers: string[]): string =>
  `${[`${line} HTTP/1.1`, 'Host: a', ...headers].join('\r\n')}\r\n\r\n`
const next = request('DELETE /things/2')
const json = 'Content-Type: application/json'
const form = 'Content-Type: application/x-www-form-urlencoded'

describe('a request without a body', () => {
  it.each<[string, string]>([
    ['DELETE with JSON', request('DELETE /things/1', json)],
    ['DELETE with JSON of no bytes', request('DELETE /things/1', json, 'Content-Length: 0')],
    ['DELETE with JSON in no chunks', `${request('DELETE /things/1', json, 'Transfer-Encoding: chunked')}0\r\n\r\n`],
    ['POST with a form of no bytes', request('POST /touch', form, 'Content-Length: 0')],
    ['POST with text', request('POST /touch', 'Content-Type: text/plain')],
  ])('may have a content type: %s', async (_what, bytes) => {
    const { statuses, text } = await talk(port, bytes + next, 2)
    expect(statuses, text).toEqual([200, 200])
  })

  it('is rejected when the body is required', async () => {
    const empty = request('POST /things', json, 'Content-Length: 0')
    const { statuses, text } = await talk(port, empty + next, 2)
    expect(statuses).toEqual([400, 200])
    expect(text).toContain('"code":40001')
  })

  it('is not confused with a body of a wrong type, which is rejected', async () => {
    const { statuses } = await talk(port, `${request('POST /touch', form, 'Content-Length: 3')}a=b`, 1)
    expect(statuses).toEqual([415])
  })

  it('cannot be declared as an optional body', () => {
    const body = t.Optional(t.Object({}))
    expect(() => contract('odd-service', { add: { route: 'POST /', body } })).toThrow(
      'odd-service.add: body cannot be optional',
    )
  })
})

describe('Expect', () => {
  it.each<[string, string, number]>([
    ['rejects another expectation with 417', request('DELETE /things/1', 'Expect: foo'), 417],
    ['rejects a malformed request with another expectation', request('GET http://b/', 'Expect: foo'), 400],
    ['rejects a malformed request with 100-continue', request('GET http://b/', 'Expect: 100-continue'), 400],
    [
      'rejects a body over the limit without sending 100',
      request('POST /things', json, 'Content-Length: 101', 'Expect: 100-continue'),
      413,
    ],
  ])('%s', async (_what, bytes, status) => {
    const { statuses, text } = await talk(port, bytes, 1)
    expect(statuses).toEqual([status])
    expect(text).toContain(`"code":${status}`)
    expect(text.toLowerCase()).toContain('x-content-type-options: nosniff')
  })

  it('sends 100 when it will read the body', async () => {
    const head = request('POST /things', json, 'Content-Length: 12', 'Expect: 100-continue')
    const { statuses } = await talk(port, `${head}{"name":"a"}`, 2)
    expect(statuses).toEqual([100, 200])
  })
})

describe('trustProxy', () => {
  it.each<[unknown]>([
    [true],
    [() => true],
    [1],
    ['0.0.0.0/1'],
    ['0.0.0.0/0'],
    [['10.0.0.0/8', '::/0']],
    ['2000::/3'],
    ['::ffff:0:0/96'],
    ['10.0.0.0/255.0.0.0'],
    ['a proxy'],
    [''],
  ])('rejects %s', (trustProxy) => {
    const make = (): unknown => service(things, { handlers, trustProxy: trustProxy as never })
    expect(make).toThrow(/^thing-service: trustProxy: .* is no address of a proxy/)
  })

  it.each<[NonNullable<ServiceOptions['trustProxy']>]>([
    ['10.0.0.0/8, 192.168.1.1'],
    [['loopback', 'uniquelocal']],
    ['fc00::/7'],
    ['2001:db8::/32'],
    ['::1'],
    ['::ffff:10.0.0.0/104'],
  ])('accepts %s', (trustProxy) => {
    expect(service(things, { handlers, trustProxy }).name).toBe('thing-service')
  })

  const echo = contract('echo-service', {
    echo: { route: 'GET /', returns: t.Object({ ip: t.String(), host: t.String(), protocol: t.String() }) },
  })
  it.each<[string, Record<string, string>, object]>([
    ['an address with a port', { for: '192.0.2.7:5123' }, { ip: '192.0.2.7' }],
    ['another port', { for: '192.0.2.7:5124' }, { ip: '192.0.2.7' }],
    ['an address of IPv6 with a port', { for: '[2001:db8::7]:5123' }, { ip: '2001:db8::7' }],
    ['a text that is not an address', { for: '192.0.2.1, unknown' }, { ip: '127.0.0.1' }],
    ['an address behind a text that is not one', { for: '192.0.2.1, x y, 192.0.2.7' }, { ip: '192.0.2.7' }],
    ['a host', { host: 'shop.example' }, { host: 'shop.example' }],
    ['a host that is invalid', { host: 'evil.example/"><script>' }, { host: 'own.example' }],
    ['a protocol', { proto: 'https' }, { protocol: 'https' }],
    ['a protocol that is invalid', { proto: 'javascript' }, { protocol: 'http' }],
  ])('reads the headers of a proxy: %s', async (_what, sent, seen) => {
    await using proxied = {
      app: service(echo, {
        trustProxy: '127.0.0.1',
        handlers: { echo: ({ request: { ip, host, protocol } }) => ({ ip, host, protocol }) },
      }),
      [Symbol.asyncDispose]: () => proxied.app.close(),
    }
    const headers = Object.entries(sent).map(([name, value]) => [`x-forwarded-${name}`, value])
    const response = await proxied.app.inject({
      url: '/',
      headers: { host: 'own.example', ...(Object.fromEntries(headers) as Record<string, string>) },
    })
    expect(response.json()).toMatchObject({ data: seen })
  })
})

it('logs the peer of an HTTP/2 request, even after the caller has gone', async () => {
  const root = authority()
  const { app: secure, lines } = await logging(things, {
    handlers,
    tls: { ...root.sign('server'), http2: true },
  })
  const { url } = await secure.listen()
  const session = connect(url, { ca: readFileSync(root.cert) })
  const stream = session.request({ ':path': '/things/1', ':method': 'DELETE' })
  await once(stream, 'response')
  session.destroy()
  await expect.poll(async () => (await secure.inject('/health/live')).statusCode).toBe(200)
  const logged = (await lines()).filter(({ msg }) => msg === 'request')
  expect(logged).toMatchObject([{ operation: 'removeThing', peer: '127.0.0.1' }])
})

it('rejects a wildcard in an origin of cors', () => {
  const make = (): unknown => service(things, { handlers, cors: { origins: ['https://*.example.com'] } }).fastify
  expect(make).toThrow('"https://*.example.com" is not an origin')
})
