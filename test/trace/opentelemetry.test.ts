import {
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Span,
  type SpanOptions,
} from '@opentelemetry/api'
import { contract, service, t } from 'tricube'
import { testService } from 'tricube/testing'
import { traced } from 'tricube/trace'
import { afterEach, expect, it, vi } from 'vitest'

const work = contract('work-service', {
  work: { route: 'GET /work', returns: t.Unknown() },
})
const inbound = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }

/** Runs a handler in a request; returns its response and its spans. */
async function run(handler: () => unknown, options: { tracer?: 'opentelemetry' } = {}) {
  await using app = await testService(service(work, { trace: options, handlers: { work: handler } }), {
    config: { logLevel: 'silent' },
  })
  const response = await app.inject({ url: '/work', headers: inbound })
  if (!options.tracer) await vi.waitFor(() => expect(app.spans.at(-1)?.name).toBe('work'))
  return { data: response.json<{ data: unknown }>().data, spans: app.spans }
}

afterEach(() => {
  trace.disable()
  context.disable()
  propagation.disable()
})

it('gives a handler the active span', async () => {
  const { data, spans } = await run(async () => {
    await Promise.resolve()
    const span = trace.getActiveSpan()!
    span.setAttribute('seen', true)
    return span.spanContext()
  })
  const [request] = spans
  expect(data).toEqual({ traceId: request!.traceId, spanId: request!.id, traceFlags: 1 })
  expect(request!.attributes['seen']).toBe(true)
})

it('includes the spans of other libraries', async () => {
  const library = trace.getTracer('a-library', '1.0')
  const inner = traced(async () => trace.getActiveSpan()?.spanContext().spanId, { name: 'inner', ambient: true })
  const { spans } = await run(() =>
    library.startActiveSpan('outer', { kind: SpanKind.PRODUCER, attributes: { a: 1 } }, async (span) => {
      const alone = library.startSpan('alone', { root: true })
      alone.end()
      await inner()
      span.addEvent('once', { b: 2 }).recordException(new TypeError('secret'))
      span.setStatus({ code: SpanStatusCode.ERROR, message: 'secret' }).updateName('renamed')
      span.end()
      return 1
    }),
  )
  const named = (name: string) => spans.find((span) => span.name === name)!
  expect(named('renamed')).toMatchObject({
    kind: 'producer',
    parentId: named('work').id,
    traceId: '0af7651916cd43dd8448eb211c80319c',
    errorType: '_OTHER',
    attributes: { a: 1, 'otel.scope.name': 'a-library' },
    events: [
      { name: 'once', attributes: { b: 2 } },
      { name: 'exception', attributes: { 'exception.type': 'TypeError' } },
    ],
  })
  expect(named('inner').parentId).toBe(named('renamed').id)
  expect(named('alone').traceId).not.toBe(named('work').traceId)
  expect(named('alone').parentId).toBeUndefined()
  expect(JSON.stringify(spans)).not.toContain('secret')
})

it('propagates for code that makes its own requests', async () => {
  const { data, spans } = await run(() => {
    const headers: Record<string, string> = {}
    propagation.inject(context.active(), headers)
    const parsed = propagation.extract(ROOT_CONTEXT, { b3: '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1' })
    const nothing = propagation.extract(ROOT_CONTEXT, {})
    return { headers, remote: trace.getSpanContext(parsed), nothing: trace.getSpanContext(nothing) ?? null }
  })
  expect(data).toEqual({
    headers: {
      traceparent: `00-0af7651916cd43dd8448eb211c80319c-${spans[0]!.id}-01`,
    },
    remote: {
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      traceFlags: 1,
      isRemote: true,
    },
    nothing: null,
  })
})

it('frees the API when the last service stops', async () => {
  await run(() => 1)
  expect(trace.getTracer('x').startSpan('y').isRecording()).toBe(false)
})

/** As much of an SDK as a test needs. */
function fakeSdk() {
  const ended: { name: string; id: string; parentId: string | undefined; attributes: object; error: boolean }[] = []
  let count = 0
  const startSpan = (name: string, { attributes = {} }: SpanOptions = {}, parent = context.active()): Span => {
    const spanId = String(++count).padStart(16, '0')
    const over = trace.getSpanContext(parent)
    const traceId = over?.traceId ?? 'a'.repeat(32)
    const all = { ...attributes }
    let error = false
    const span = {
      spanContext: () => ({ traceId, spanId, traceFlags: 1 }),
      isRecording: () => true,
      setAttributes: (more: object) => Object.assign(all, more),
      addEvent() {},
      updateName() {},
      setStatus: ({ code }: { code: number }) => (error = code === (SpanStatusCode.ERROR as number)),
      end: () => ended.push({ name, id: spanId, parentId: over?.spanId, attributes: all, error }),
    }
    return span as unknown as Span
  }
  trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan }) as never })
  return ended
}

it("sends its spans to the application's own SDK", async () => {
  const ended = fakeSdk()
  const inner = traced(
    () => {
      throw new TypeError('no')
    },
    { name: 'inner', ambient: true, level: 'silent' },
  )
  await run(inner, { tracer: 'opentelemetry' })
  expect(ended).toMatchObject([
    { name: 'inner', parentId: '0000000000000001', error: true, attributes: { 'error.type': 'TypeError' } },
    { name: 'work', parentId: undefined, error: true, attributes: { 'http.route': '/work' } },
  ])
})

it('leaves an SDK that was registered earlier unchanged', async () => {
  const ended = fakeSdk()
  const { spans } = await run(() => {
    trace.getTracer('a-library').startSpan('theirs').end()
    return 1
  })
  expect(ended.map(({ name }) => name)).toEqual(['theirs'])
  expect(spans.map(({ name }) => name)).toEqual(['work'])
})
