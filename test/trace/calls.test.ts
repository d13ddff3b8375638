import { contract, service, t } from 'tricube'
import { afterEach, expect, it, vi } from 'vitest'
import { collector, type Responder } from './collector.ts'
import { validSpans } from './zipkinSchema.ts'

afterEach(() => void vi.unstubAllEnvs())

const thingService = contract('thing-service', { getThing: { route: 'GET /things/:id', returns: t.Unknown() } })
const askService = contract('ask-service', { ask: { route: 'GET /ask', returns: t.Unknown() } })

const unavailable: Responder = (response) => void response.writeHead(503).end('{"code":50300}')
const found: Responder = (response) => void response.end('{"code":0,"data":{"id":7}}')

/** Calls a service that calls another one with these responses; returns the span and the request of that call. */
async function callSpan(...responders: [Responder, ...Responder[]]) {
  await using zipkin = await collector((response) => void response.writeHead(202).end())
  await using things = await collector(...responders)
  vi.stubEnv('OTEL_EXPORTER_ZIPKIN_ENDPOINT', zipkin.url)
  vi.stubEnv('TRICUBE_SERVICES', `thing-service=${new URL(things.url).host}`)
  vi.stubEnv('LOG_LEVEL', 'silent')
  const app = service(askService, {
    clients: { things: thingService },
    handlers: { ask: ({ clients }) => clients.things.getThing({ params: { id: '7' } }) },
  })
  await app.inject('/ask')
  await app.close()
  const spans = zipkin.received.flatMap(({ body }) => validSpans(body.toString()))
  const span = spans.find(({ kind }) => kind === 'CLIENT')!
  return { span, request: spans.find(({ kind }) => kind === 'SERVER')!, received: things.received }
}

it('is one span with an event per retry, and all attempts are its children', async () => {
  const { span, request, received } = await callSpan(unavailable, found)
  expect(span).toMatchObject({
    name: 'thing-service.getThing',
    parentId: request.id,
    remoteEndpoint: { serviceName: 'thing-service' },
    tags: { 'http.request.method': 'GET', 'url.template': '/things/:id', 'http.response.status_code': '200' },
  })
  expect(span.tags).not.toHaveProperty('error')
  expect(span.annotations).toEqual([
    { timestamp: expect.any(Number), value: 'retry: {"http.request.resend_count":1,"reason":"unavailable"}' },
  ])
  const parents = received.map(({ headers }) => headers['traceparent'])
  expect(parents).toEqual(Array(2).fill(`00-${span.traceId}-${span.id}-03`))
  expect(received.flatMap(({ headers }) => Object.keys(headers)).filter((name) => name.includes('b3'))).toEqual([])
})

it('has failed after an error response', async () => {
  const { span } = await callSpan((response) => void response.writeHead(404).end('{"code":40400}'))
  expect(span.tags).toMatchObject({ 'error.type': '404', 'http.response.status_code': '404' })
})

it('has failed without a response', async () => {
  const { span } = await callSpan((response) => void response.socket!.resetAndDestroy())
  expect(span.tags['error.type']).toMatch(/ECONNRESET|UND_ERR_SOCKET/)
  expect(span.tags).not.toHaveProperty('http.response.status_code')
  expect(span.annotations).toHaveLength(2)
})
