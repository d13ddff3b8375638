import { contract, service, t, type ServiceOptions } from 'tricube'
import { testService, type TestApp } from 'tricube/testing'
import { describe, expect, it } from 'vitest'

const echo = contract('echo-service', {
  echo: {
    route: 'GET /echo',
    returns: t.Object({ leftMs: t.Number(), ip: t.String(), protocol: t.String(), headers: t.Array(t.String()) }),
  },
})

function start(options: Pick<ServiceOptions, 'edge' | 'trustProxy'>): Promise<TestApp<typeof echo>> {
  return testService(
    service(echo, {
      ...options,
      handlers: {
        echo: ({ deadline, request: { ip, protocol, headers } }) => ({
          leftMs: Math.min(deadline.remainingMs(), 1e9),
          ip,
          protocol,
          headers: Object.keys(headers),
        }),
      },
    }),
  )
}

const claimed = {
  'x-request-timeout-ms': '5000',
  'x-request-attempt': '1',
  'x-request-id': 'a-client',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00',
}
const forwarded = { 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'https' }
const ask = async (app: TestApp<typeof echo>, headers: Record<string, string>) => {
  const response = await app.inject({ url: '/echo', headers })
  return { ...response.json().data, id: response.headers['x-request-id'] }
}

describe('edge', () => {
  it('is off by default: it trusts the headers of other services', async () => {
    await using app = await start({})
    const { leftMs, id } = await ask(app, claimed)
    expect([leftMs <= 5000, id]).toEqual([true, 'a-client'])
    expect(app.spans).toEqual([]) // the caller's trace is not sampled
    expect((await app.inject({ url: '/echo', headers: { 'x-request-timeout-ms': '0' } })).statusCode).toBe(504)
  })

  it('ignores the deadline, attempt, request id and trace of callers', async () => {
    await using app = await start({ edge: true })
    const { leftMs, id, headers } = await ask(app, claimed)
    expect([leftMs, id]).toEqual([1e9, expect.stringMatching(/^[\da-f]{32}$/)])
    expect(headers).not.toContain('x-request-attempt')
    const [span] = app.spans
    expect(span!.traceId).not.toBe('0af7651916cd43dd8448eb211c80319c')
    expect((await app.inject({ url: '/echo', headers: { 'x-request-timeout-ms': '0' } })).statusCode).toBe(200)
  })
})

describe('trustProxy', () => {
  it('is off by default: it ignores x-forwarded headers', async () => {
    await using app = await start({})
    expect(await ask(app, forwarded)).toMatchObject({ ip: '127.0.0.1', protocol: 'http' })
  })

  it('trusts the proxies that it names', async () => {
    await using app = await start({ trustProxy: '127.0.0.1, 10.0.0.0/8' })
    expect(await ask(app, forwarded)).toMatchObject({ ip: '192.0.2.7', protocol: 'https' })
    const spoofed = { ...forwarded, 'x-forwarded-for': '203.0.113.1, 192.0.2.7, 10.1.2.3' }
    expect(await ask(app, spoofed)).toMatchObject({ ip: '192.0.2.7' })
  })

  it('trusts no other proxies', async () => {
    await using app = await start({ trustProxy: ['10.0.0.0/8'] })
    expect(await ask(app, forwarded)).toMatchObject({ ip: '127.0.0.1', protocol: 'http' })
  })
})
