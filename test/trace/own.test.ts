import { contract, service, t, type Context } from 'tricube'
import type { Exporter, NewTrace, RecordedSpan, Sampler, Span } from 'tricube/trace'
import type { FastifyRequest } from 'fastify'
import { expect, expectTypeOf, it, onTestFinished, vi } from 'vitest'

const greetService = contract('greet-service', { greet: { route: 'GET /greet', returns: t.String() } })

type SpanMembers =
  | 'traceId'
  | 'id'
  | 'parentId'
  | 'traceParent'
  | 'isRecorded'
  | 'errorType'
  | 'set'
  | 'event'
  | 'link'
  | 'rename'
  | 'fail'
  | 'end'

it('exposes only the public view of a span', () => {
  expectTypeOf<keyof Span>().toEqualTypeOf<SpanMembers>()
  expectTypeOf<Context['span']>().toEqualTypeOf<Span>()
  expectTypeOf<FastifyRequest['span']>().toEqualTypeOf<Span | undefined>()
  expectTypeOf<Parameters<Exporter['export']>[0]>().toEqualTypeOf<readonly RecordedSpan[]>()
  expectTypeOf<keyof NewTrace>().toEqualTypeOf<'parentDecision' | 'random' | 'now'>()
})

it('calls your own sampler with the same number for the same trace everywhere', async () => {
  const traces: NewTrace[] = []
  const sampler: Sampler = { isSampled: (trace) => traces.push(trace) > 0 && trace.random >= 0.5 }
  const { spans, greet } = await traced(sampler)

  await greet({ traceparent: `00-${'1'.repeat(16)}0080000000000000-00f067aa0ba902b7-01` }) // its random 56 bits begin with 0.5
  await greet({ traceparent: `00-${'1'.repeat(16)}007fffffffffffff-00f067aa0ba902b7-00` })
  await greet({})

  expect(traces).toMatchObject([
    { parentDecision: true, random: 0.5 },
    { parentDecision: false, random: expect.closeTo(0.5, 10) },
    { parentDecision: undefined },
  ])
  const random = traces[2]!.random
  expect(random >= 0 && random < 1).toBe(true)
  const sampled = traces.filter((trace) => trace.random >= 0.5).length
  await expect.poll(() => spans.length).toBe(sampled)
  expect(spans[0]).toMatchObject({ parentId: '00f067aa0ba902b7' })
})

it('passes readable spans to your own exporter', async () => {
  const { spans, greet } = await traced({ isSampled: () => true })
  await greet({ traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' })
  await expect.poll(() => spans).toHaveLength(1)
  expect(spans[0]).toMatchObject({
    name: 'greet',
    kind: 'server',
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    parentId: '00f067aa0ba902b7',
    attributes: {
      'http.request.method': 'GET',
      'http.route': '/greet',
      'url.path': '/greet',
      'http.response.status_code': 200,
      'app.words': 2,
    },
    events: [{ name: 'greeted', attributes: { loud: true } }],
    links: [{ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }],
    errorType: undefined,
  })
  expect(spans[0]!.durationMs).toBeGreaterThan(0)
})

it('keeps responding while your own exporter throws', async () => {
  const { greet } = await traced({ isSampled: () => true }, () => {
    throw new Error('the queue is full')
  })
  expect([(await greet({})).statusCode, (await greet({})).statusCode]).toEqual([200, 200])
})

async function traced(sampler: Sampler, onSpans: (spans: readonly RecordedSpan[]) => void = () => {}) {
  vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '1')
  vi.stubEnv('LOG_LEVEL', 'silent')
  onTestFinished(() => void vi.unstubAllEnvs())
  const spans: RecordedSpan[] = []
  const exporter: Exporter = {
    export(batch) {
      onSpans(batch)
      spans.push(...batch)
      return Promise.resolve()
    },
    close: () => Promise.resolve(),
  }
  const app = service(greetService, {
    trace: { sampler, exporter },
    handlers: {
      greet({ span }) {
        span.set('app.words', 2)
        span.event('greeted', { loud: true })
        span.link({ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' })
        return 'hello world'
      },
    },
  })
  onTestFinished(() => app.close())
  return { spans, greet: (headers: Record<string, string>) => app.inject({ url: '/greet', headers }) }
}
