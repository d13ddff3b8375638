import { gunzipSync } from 'node:zlib'
import { afterEach, expect, it } from 'vitest'
import { otlpExporter, zipkinExporter } from '../../src/trace/export/exporters.ts'
import type { SpanExporter } from '../../src/trace/export/exporter.ts'
import { collector, status, type Responder } from './collector.ts'
import { getUser, memoryTracer } from './fixture.ts'
import { validSpans } from './zipkinSchema.ts'

const epoch = 1_767_600_000_000
const exporters: SpanExporter[] = []
afterEach(async () => {
  for (const exporter of exporters.splice(0)) await exporter.close()
})

function exportOne(exporter: SpanExporter, signal = new AbortController().signal): Promise<void> {
  exporters.push(exporter)
  const { tracer } = memoryTracer()
  const span = tracer.root(getUser, 1)
  span.end(2)
  return exporter.export([span], epoch, signal)
}

const resource = { service: 'user-service' }
const quick = { firstPauseMs: 1 }

it('posts to Zipkin', async () => {
  await using to = await collector(status(202))
  await exportOne(zipkinExporter(resource, { url: `${to.url}/api/v2/spans`, headers: { authorization: 'Bearer x' } }))
  expect(to.received).toHaveLength(1)
  expect(to.received[0]).toMatchObject({
    url: '/api/v2/spans',
    headers: { 'content-type': 'application/json', authorization: 'Bearer x' },
  })
  expect(validSpans(to.received[0]!.body.toString())).toHaveLength(1)
})

it('posts to an OpenTelemetry collector, compressed', async () => {
  await using to = await collector(status(200))
  await exportOne(otlpExporter(resource, { url: `${to.url}/v1/traces`, gzip: true }))
  await exportOne(otlpExporter(resource, { url: `${to.url}/v1/traces`, gzip: true, json: true }))
  expect(to.received.map(({ headers }) => [headers['content-type'], headers['content-encoding']])).toEqual([
    ['application/x-protobuf', 'gzip'],
    ['application/json', 'gzip'],
  ])
  expect(gunzipSync(to.received[0]!.body).includes('user-service')).toBe(true)
  expect(JSON.parse(gunzipSync(to.received[1]!.body).toString())).toHaveProperty('resourceSpans')
})

it('retries temporary failures and a reset connection', async () => {
  const reset: Responder = (response) => response.socket!.resetAndDestroy()
  await using to = await collector(status(503), status(429, { 'retry-after': '0' }), reset, status(202))
  await exportOne(zipkinExporter(resource, { url: to.url, ...quick }))
  expect(to.received).toHaveLength(4)
  expect(new Set(to.received.map(({ body }) => body.toString())).size).toBe(1)
})

it('does not retry a rejected batch', async () => {
  await using to = await collector(status(400))
  await expect(exportOne(zipkinExporter(resource, { url: to.url, ...quick }))).rejects.toThrow(
    `${to.url} responded with 400`,
  )
  expect(to.received).toHaveLength(1)
})

it('stops retrying after the configured number of retries', async () => {
  await using to = await collector(status(503))
  await expect(exportOne(zipkinExporter(resource, { url: to.url, ...quick, retries: 2 }))).rejects.toThrow(
    `${to.url} rejected the spans 3 times: the collector is not ready`,
  )
  expect(to.received).toHaveLength(3)
})

it('times out when a collector does not respond', async () => {
  await using to = await collector(() => {})
  const stuck = exportOne(zipkinExporter(resource, { url: to.url, ...quick, retries: 0, timeoutMs: 50 }))
  await expect(stuck).rejects.toMatchObject({ code: 'UND_ERR_HEADERS_TIMEOUT' })
})

it('stops waiting when its signal aborts', async () => {
  await using to = await collector(status(503, { 'retry-after': '30' }))
  const abort = new AbortController()
  const lost = exportOne(zipkinExporter(resource, { url: to.url }), abort.signal)
  await expect.poll(() => to.received.length).toBe(1)
  abort.abort(new Error('closed'))
  await expect(lost).rejects.toThrow('closed')
})
