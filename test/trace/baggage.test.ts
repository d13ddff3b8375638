import { contract, service, t, type ServiceOptions } from 'tricube'
import { testService } from 'tricube/testing'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { callee, productService } from '../client/callee.ts'
import { authority } from '../http/certificates.ts'

afterEach(() => void vi.unstubAllEnvs())

const front = contract('front-service', { show: { route: 'GET /show', returns: t.Unknown() } })
const handlers = { show: () => null }

/** What a callee hears of a request that came with these headers. */
async function passedOn(
  headers: Record<string, string>,
  options: Partial<ServiceOptions<(typeof front)['operations'], { products: typeof productService }>> = {},
): Promise<Record<string, unknown>> {
  const a = await callee()
  vi.stubEnv('TRICUBE_SERVICES', `product-service=${a.address}`)
  vi.stubEnv('LOG_LEVEL', 'silent')
  const app = service(front, {
    ...options,
    clients: { products: productService },
    handlers: { show: ({ clients }) => clients.products.getProduct({ params: { id: 1 } }) },
  })
  const { url } = await app.listen()
  onTestFinished(() => app.close())
  await fetch(`${url}/show`, { headers })
  return a.requests[0]!.headers
}

describe('baggage', () => {
  const baggage = 'tenant=north,user=Am%C3%A9lie;property=1'

  it('is forwarded with the calls of a request, traced or not', async () => {
    expect(await passedOn({ baggage })).toMatchObject({ baggage })
    vi.stubEnv('OTEL_TRACES_EXPORTER', 'console')
    vi.stubEnv('OTEL_TRACES_SAMPLER', 'always_off')
    expect(await passedOn({ baggage })).toMatchObject({ baggage })
  })

  it('is not forwarded when OTEL_PROPAGATORS omits it, when it is too long, or at the edge', async () => {
    expect(await passedOn({ baggage: `a=${'b'.repeat(8191)}` })).not.toHaveProperty('baggage')
    expect(await passedOn({ baggage: `a=${'b'.repeat(8190)}` })).toHaveProperty('baggage')
    expect(await passedOn({ baggage }, { edge: true })).not.toHaveProperty('baggage')
    vi.stubEnv('OTEL_PROPAGATORS', 'tracecontext')
    expect(await passedOn({ baggage })).not.toHaveProperty('baggage')
  })
})

it('forwards the random flag of a trace unchanged', async () => {
  const traceparent = (flags: string) => `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-${flags}`
  for (const flags of ['00', '01', '02', '03']) {
    expect(String((await passedOn({ traceparent: traceparent(flags) }))['traceparent']).slice(-2)).toBe(flags)
  }
})

describe('url.scheme', () => {
  const schemeOf = async (
    headers: Record<string, string>,
    options: Partial<ServiceOptions<(typeof front)['operations'], {}>> = {},
  ): Promise<unknown> => {
    await using app = await testService(service(front, { ...options, handlers }))
    await app.inject({ url: '/show', headers })
    return app.spans[0]!.attributes['url.scheme']
  }

  it('is https if the service serves it, or a trusted proxy forwards it', async () => {
    const forwarded = { 'x-forwarded-proto': 'https' }
    expect(await schemeOf({})).toBe('http')
    expect(await schemeOf(forwarded)).toBe('http')
    expect(await schemeOf(forwarded, { trustProxy: '127.0.0.1' })).toBe('https')
    expect(await schemeOf({}, { trustProxy: '127.0.0.1' })).toBe('http')
    const { cert, key } = authority().sign('front-service')
    expect(await schemeOf({}, { tls: { cert, key } })).toBe('https')
  })
})
