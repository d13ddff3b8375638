import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { afterEach, expect, it } from 'vitest'
import { otlpExporter, zipkinExporter } from '../../src/trace/export/exporters.ts'
import type { Exporter } from '../../src/trace/export/exporter.ts'
import { getUser, memoryTracer } from './fixture.ts'
import { validSpans } from './zipkinSchema.ts'

const epoch = 1_767_600_000_000
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

type Answer = (response: ServerResponse) => void
const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(code, headers).end()

/** A collector that answers in turn, the last way for ever. */
async function collector(...answers: Answer[]) {
  const requests: { url: string; headers: IncomingMessage['headers']; body: Buffer }[] = []
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray())
    requests.push({ url: request.url!, headers: request.headers, body })
    ;(answers.length > 1 ? answers.shift()! : answers[0]!)(response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { requests, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

function exportOne(exporter: Exporter, signal = new AbortController().signal): Promise<void> {
  cleanups.push(() => exporter.close())
  const { tracer } = memoryTracer()
  const span = tracer.root(getUser, 1)
  span.end(2)
  return exporter.export([span], epoch, signal)
}

const resource = { service: 'user-service' }
const quick = { firstPauseMs: 1 }

it('posts to Zipkin', async () => {
  const { requests, url } = await collector(status(202))
  await exportOne(zipkinExporter(resource, { url: `${url}/api/v2/spans`, headers: { authorization: 'Bearer x' } }))
  expect(requests).toHaveLength(1)
  expect(requests[0]).toMatchObject({
    url: '/api/v2/spans',
    headers: { 'content-type': 'application/json', authorization: 'Bearer x' },
  })
  expect(validSpans(requests[0]!.body.toString())).toHaveLength(1)
})

it('posts to an OpenTelemetry collector, compressed', async () => {
  const { requests, url } = await collector(status(200))
  await exportOne(otlpExporter(resource, { url: `${url}/v1/traces`, gzip: true }))
  await exportOne(otlpExporter(resource, { url: `${url}/v1/traces`, gzip: true, json: true }))
  expect(requests.map(({ headers }) => [headers['content-type'], headers['content-encoding']])).toEqual([
    ['application/x-protobuf', 'gzip'],
    ['application/json', 'gzip'],
  ])
  expect(gunzipSync(requests[0]!.body).includes('user-service')).toBe(true)
  expect(JSON.parse(gunzipSync(requests[1]!.body).toString())).toHaveProperty('resourceSpans')
})

it('tries again what may pass, also a connection that is reset', async () => {
  const reset: Answer = (response) => response.socket!.resetAndDestroy()
  const { requests, url } = await collector(status(503), status(429, { 'retry-after': '0' }), reset, status(202))
  await exportOne(zipkinExporter(resource, { url, ...quick }))
  expect(requests).toHaveLength(4)
  expect(new Set(requests.map(({ body }) => body.toString())).size).toBe(1)
})

it('does not repeat what was refused', async () => {
  const { requests, url } = await collector(status(400))
  await expect(exportOne(zipkinExporter(resource, { url, ...quick }))).rejects.toThrow('answered 400')
  expect(requests).toHaveLength(1)
})

it('gives up after so many times', async () => {
  const { requests, url } = await collector(status(503))
  await expect(exportOne(zipkinExporter(resource, { url, ...quick, retries: 2 }))).rejects.toThrow('3 times')
  expect(requests).toHaveLength(3)
})

it('gives up a collector that does not answer', async () => {
  const { url } = await collector(() => {})
  const stuck = exportOne(zipkinExporter(resource, { url, ...quick, retries: 0, timeoutMs: 50 }))
  await expect(stuck).rejects.toMatchObject({ code: 'UND_ERR_HEADERS_TIMEOUT' })
})

it('stops waiting when nobody waits for it', async () => {
  const { requests, url } = await collector(status(503, { 'retry-after': '30' }))
  const abort = new AbortController()
  const lost = exportOne(zipkinExporter(resource, { url }), abort.signal)
  await expect.poll(() => requests.length).toBe(1)
  abort.abort(new Error('closed'))
  await expect(lost).rejects.toThrow('closed')
})
