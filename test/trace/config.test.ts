import { gunzipSync } from 'node:zlib'
import { ConfigError, contract, service, t } from 'tricube'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { collector, status } from './collector.ts'
import { validSpans } from './zipkinSchema.ts'

beforeEach(() => {
  vi.stubEnv('LOG_LEVEL', 'silent')
  vi.stubEnv('PORT', '0')
})
afterEach(() => void vi.unstubAllEnvs())

const pings = contract('ping-service', { ping: { route: 'GET /ping', returns: t.String() } })

/** Runs the service once under these variables and asks it once. */
async function run(env: Record<string, string>, headers: Record<string, string> = {}) {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  const app = service(pings, { handlers: { ping: () => 'pong' } })
  try {
    const { url } = await app.listen()
    await (await fetch(`${url}/ping`, { headers })).text()
  } finally {
    await app.close()
  }
}

it('exports to the Zipkin that the environment names', async () => {
  await using zipkin = await collector(status(202))
  await run({ OTEL_EXPORTER_ZIPKIN_ENDPOINT: `${zipkin.url}/api/v2/spans`, OTEL_SERVICE_NAME: 'other-name' })
  const [span] = validSpans(zipkin.received[0]!.body.toString())
  expect(span!.localEndpoint).toEqual({ serviceName: 'other-name', ipv4: '127.0.0.1', port: expect.any(Number) })
})

it('exports to the collector as the environment configures it', async () => {
  await using otlp = await collector(status(200))
  await run({
    OTEL_EXPORTER_OTLP_ENDPOINT: otlp.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20x,tenant=a',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
  })
  const [{ url, headers, body }] = otlp.received as [(typeof otlp.received)[number]]
  expect(url).toBe('/v1/traces')
  expect(headers).toMatchObject({ authorization: 'Bearer x', tenant: 'a', 'content-encoding': 'gzip' })
  const { resourceSpans } = JSON.parse(gunzipSync(body).toString())
  expect(resourceSpans[0].resource.attributes).toContainEqual({
    key: 'deployment.environment.name',
    value: { stringValue: 'test' },
  })
})

it('exports protobuf by default, and nothing when tracing is off', async () => {
  await using otlp = await collector(status(200))
  await run({ OTEL_EXPORTER_OTLP_ENDPOINT: otlp.url })
  expect(otlp.received.map(({ headers }) => headers['content-type'])).toEqual(['application/x-protobuf'])
  await run({ OTEL_TRACES_EXPORTER: 'none' })
  expect(otlp.received).toHaveLength(1)
})

it('samples and propagates as the environment configures it', async () => {
  await using zipkin = await collector(status(202))
  const b3 = '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1'
  const env = { OTEL_EXPORTER_ZIPKIN_ENDPOINT: zipkin.url, OTEL_PROPAGATORS: 'baggage,tracecontext' }
  await run({ ...env, OTEL_TRACES_SAMPLER: 'parentbased_always_off' }, { b3 })
  expect(zipkin.received).toHaveLength(0)
  await run({ ...env, OTEL_PROPAGATORS: 'b3' }, { b3 })
  expect(validSpans(zipkin.received[0]!.body.toString())[0]!.parentId).toBe('b7ad6b7169203331')
})

it.each([
  ['OTEL_TRACES_SAMPLER', 'sometimes', 'expected one of always_on'],
  ['OTEL_TRACES_SAMPLER_ARG', '-1', 'expected a number from 0'],
  ['OTEL_EXPORTER_ZIPKIN_ENDPOINT', 'zipkin:9411', 'expected a URL like http://zipkin:9411/api/v2/spans'],
  ['OTEL_PROPAGATORS', 'jaeger', 'expected names from tracecontext'],
  ['OTEL_EXPORTER_OTLP_HEADERS', 's3cr3t', 'expected key=value, separated by commas'],
])('rejects a wrong %s in one line', async (name, value, message) => {
  const started = run({ [name]: value })
  await expect(started).rejects.toBeInstanceOf(ConfigError)
  await expect(started).rejects.toThrow(`${name} in the environment: ${message}`)
  if (value === 's3cr3t') await expect(started).rejects.not.toThrow(value)
})
