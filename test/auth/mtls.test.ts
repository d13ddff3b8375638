/** Services that identify themselves by their certificates. */
import { readFileSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import { contract, service, t, type ServiceCaller } from 'tricube'
import { mtls } from 'tricube/auth'
import { client } from 'tricube/client'
import { testService } from 'tricube/testing'
import { afterAll, beforeAll, describe, expect, expectTypeOf, it, onTestFinished } from 'vitest'
import { authority, type Authority, type Certificate } from '../http/certificates.ts'

const stock = contract('stock-service', {
  who: { route: 'GET /who', auth: 'service', returns: t.Object({ name: t.String(), id: t.String() }) },
  reserve: { route: 'POST /reservations', auth: 'service', callers: ['order-service'], returns: t.String() },
  both: { route: 'GET /both', auth: ['user', 'service'], scopes: ['stock:read'], returns: t.String() },
})
const stockService = (ca: Authority, http2: boolean) =>
  service(stock, {
    admission: false,
    log: { level: 'silent' },
    tls: { ...ca.sign('stock-service'), ca: ca.cert, requestCert: true, http2 },
    auth: { service: mtls({ trust: 'spiffe://shop/' }), user: () => undefined },
    handlers: {
      who(ctx) {
        expectTypeOf(ctx.service).toEqualTypeOf<ServiceCaller>()
        return ctx.service
      },
      reserve: (ctx) => `for ${ctx.service.name}`,
      both: ({ user, service: caller }) => `${user?.id} ${caller?.name}`,
    },
  })

let ca: Authority
let url: string
let stop: () => Promise<void>
beforeAll(async () => {
  ca = authority()
  const app = stockService(ca, false)
  ;({ url } = await app.listen())
  stop = () => app.close()
})
afterAll(() => stop())

let count = 0
const certificate = (...hosts: string[]): Certificate => ca.sign(`caller-${++count}`, { hosts })

function get(by: Certificate, path = '/who', method = 'GET'): Promise<{ status: number; body: string }> {
  const options = {
    method,
    ca: readFileSync(ca.cert),
    cert: readFileSync(by.cert),
    key: readFileSync(by.key),
    agent: false,
  }
  return new Promise((resolve, reject) => {
    httpsRequest(url + path, options, (response) => {
      let body = ''
      response.on('data', (chunk) => (body += String(chunk)))
      response.on('end', () => resolve({ status: response.statusCode!, body }))
    })
      .on('error', reject)
      .end()
  })
}

describe('a certificate', () => {
  it('with a SPIFFE ID identifies a service', async () => {
    const { status, body } = await get(certificate('spiffe://shop/order-service'))
    expect([status, JSON.parse(body)]).toEqual([
      200,
      { code: 0, data: { name: 'order-service', id: 'spiffe://shop/order-service' } },
    ])
    const { body: istio } = await get(certificate('order.local', 'spiffe://shop/ns/prod/sa/order-service'))
    expect(JSON.parse(istio)).toMatchObject({ data: { name: 'order-service' } })
  })

  it.each([
    ['no URI', ['order-service']],
    ['another trust domain', ['spiffe://evil/order-service']],
    ['a longer trust domain', ['spiffe://shop.evil/order-service']],
    ['a trust domain in capitals', ['spiffe://SHOP/order-service']],
    ['two URIs', ['spiffe://shop/order-service', 'spiffe://shop/admin-service']],
    ['a URI that is no SPIFFE ID', ['https://shop/order-service']],
    ['the trust domain alone', ['spiffe://shop/']],
    ['a path with dots', ['spiffe://shop/../admin-service']],
    ['an empty part of the path', ['spiffe://shop//admin-service']],
    ['a percent sign', ['spiffe://shop/admin%2dservice']],
    ['a query', ['spiffe://shop/order-service?a=b']],
    ['a port', ['spiffe://shop:80/order-service']],
    ['a URI inside of a name', ['a, URI:spiffe://shop/admin-service']],
    ['a URI inside of a quoted name', ['a", URI:spiffe://shop/admin-service, DNS:"b']],
    ['a second URI inside of the first', ['spiffe://shop/a, URI:spiffe://shop/admin-service']],
  ])('with %s identifies none', async (_, names) => {
    expect((await get(certificate(...names))).status).toBe(401)
  })

  it('of another authority gets no connection', async () => {
    await expect(get(authority().sign('evil', { hosts: ['spiffe://shop/order-service'] }))).rejects.toThrow()
  })
})

describe('callers', () => {
  it('are the only services that may call an operation', async () => {
    const reserve = (name: string) => get(certificate(`spiffe://shop/${name}`), '/reservations', 'POST')
    expect(await reserve('order-service')).toEqual({ status: 200, body: '{"code":0,"data":"for order-service"}' })
    const { status, body } = await reserve('mail-service')
    expect([status, JSON.parse(body)]).toMatchObject([
      403,
      { error: 'service mail-service is not one of the services that may call it' },
    ])
    expect((await reserve('order-service-2')).status).toBe(403)
  })

  it('need no scopes, which users have', async () => {
    expect(await get(certificate('spiffe://shop/order-service'), '/both')).toEqual({
      status: 200,
      body: '{"code":0,"data":"undefined order-service"}',
    })
  })
})

it('works with the client of tricube, over its shared connections', async () => {
  const tls = { ...certificate('spiffe://shop/order-service'), ca: ca.cert }
  const calls = client(stock, { url, tls })
  onTestFinished(() => calls[Symbol.asyncDispose]())
  for (let i = 0; i < 5; i++) expect((await calls.who()).name).toBe('order-service')
})

it('works over HTTP/2', async () => {
  const app = stockService(ca, true)
  onTestFinished(() => app.close())
  const { url: secure } = await app.listen()
  const { connect } = await import('node:http2')
  const by = certificate('spiffe://shop/order-service')
  const session = connect(secure, { ca: readFileSync(ca.cert), cert: readFileSync(by.cert), key: readFileSync(by.key) })
  onTestFinished(() => session.close())
  for (let i = 0; i < 2; i++) {
    let body = ''
    for await (const chunk of session.request({ ':path': '/who' }).setEncoding('utf8')) body += String(chunk)
    expect(JSON.parse(body)).toMatchObject({ data: { name: 'order-service' } })
  }
})

it('is called as a service in tests, alone or for a user', async () => {
  await using app = await testService(stockService(ca, false))
  const { data } = await app.as({ service: 'order-service' }).client.reserve()
  expect(data).toBe('for order-service')
  await expect(app.as({ service: 'mail-service' }).client.reserve()).rejects.toMatchObject({ status: 403 })
  const forUser = app.as({ service: 'order-service', user: { id: 7, scopes: ['stock:read'] } })
  expect((await forUser.client.both()).data).toBe('7 order-service')
  const without = app.as({ service: 'order-service', user: { id: 7 } })
  await expect(without.client.both()).rejects.toMatchObject({ status: 403 }) // the service lends it no rights
})

describe('mtls', () => {
  it.each([
    [
      { trust: 'spiffe://shop' },
      'mtls: trust: expected the beginning of SPIFFE IDs like spiffe://shop/, got "spiffe://shop"',
    ],
    [{ trust: 'spiffe://' }, 'mtls: trust: expected the beginning of SPIFFE IDs like spiffe://shop/, got "spiffe://"'],
    [{}, 'mtls: trust: expected the beginning of SPIFFE IDs like spiffe://shop/'],
    [{ trust: 'spiffe://shop/', names: 1 }, 'mtls: unknown option names, expected name, trust; did you mean name?'],
  ])('rejects the options %j', (options, message) => {
    expect(() => mtls(options as never)).toThrow(new TypeError(message))
  })

  it('needs the certificates of callers', () => {
    expect(() =>
      service(stock, {
        auth: { service: mtls({ trust: 'spiffe://shop/' }), user: () => undefined },
        handlers: { who: () => ({ name: '', id: '' }), reserve: () => '', both: () => '' },
      }),
    ).toThrow(
      'stock-service: auth.service needs the certificates of callers, set tls: { cert, key, ca, requestCert: true }',
    )
  })
})
