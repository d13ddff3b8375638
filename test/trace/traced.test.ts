import { transform } from 'esbuild'
import { traced as decorated } from 'tricube/decorators'
import { traced } from 'tricube/trace'
import { beforeEach, expect, expectTypeOf, it, vi } from 'vitest'
import { ambient, type SpanContext } from '../../src/trace/ambient.ts'
import { createLogger } from '../../src/log/logger.ts'
import type { Output } from '../../src/log/output.ts'
import type { Span } from '../../src/trace/span.ts'
import { traced as besideAmbient } from '../../src/trace/traced.ts' // what is published has an `ambient` of its own
import { getUser, memoryTracer } from './fixture.ts'

const log = { trace: vi.fn(), debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn(), fatal: vi.fn() }
const { tracer, sink } = memoryTracer()

function context(span: Span): SpanContext {
  return { span, log, withSpan: context }
}

let ctx: SpanContext
beforeEach(() => {
  vi.clearAllMocks()
  sink.clear()
  ctx = context(tracer.root(getUser, 0))
})

it('gives a function a span and a log line', async () => {
  const getCity = traced(
    async function getCity(own: SpanContext, id: number) {
      expect(own.span).not.toBe(ctx.span)
      return `city ${id}`
    },
    { type: 'method', category: 'geography', detail: 'read a city', description: 'from the atlas' },
  )
  expectTypeOf(getCity).parameters.toEqualTypeOf<[SpanContext, number]>()
  expect(getCity.name).toBe('getCity')
  expect(await getCity(ctx, 7)).toBe('city 7')
  expect(sink.spans).toMatchObject([{ name: 'getCity', kind: 'internal', parentId: ctx.span.id, errorType: undefined }])
  expect(log.info.mock.calls).toEqual([
    [
      {
        function: 'getCity',
        type: 'method',
        category: 'geography',
        description: 'from the atlas',
        outcome: 'success',
        error_type: undefined,
        duration_ms: expect.any(Number),
      },
      'read a city',
    ],
  ])
})

it('logs a failure at least as a warning, and rethrows the error', async () => {
  const error = new TypeError('secret')
  const later = traced(async (own: SpanContext) => Promise.reject(own && error), { name: 'later', level: 'debug' })
  const now = traced(
    (own: SpanContext) => {
      throw own && error
    },
    { name: 'now', level: 'error' },
  )
  await expect(later(ctx)).rejects.toBe(error)
  expect(() => now(ctx)).toThrow(error)
  expect(sink.spans).toMatchObject([
    { name: 'later', errorType: 'TypeError' },
    { name: 'now', errorType: 'TypeError' },
  ])
  expect(log.warn.mock.calls).toMatchObject([[{ outcome: 'failure', error_type: 'TypeError' }, 'later']])
  expect(log.error.mock.calls).toMatchObject([[{ outcome: 'failure' }, 'now']])
  expect(JSON.stringify([log.warn.mock.calls, sink.spans])).not.toContain('secret')
})

it('logs arguments only when configured, without secrets', () => {
  let output = ''
  const write = (text: string): boolean => ((output += text), true)
  const own = createLogger({ name: 'service', level: 'info', output: { write, flushSync() {} } as unknown as Output })
  const logging: SpanContext = { ...ctx, log: own, withSpan: () => logging }
  const signIn = traced((by: SpanContext, user: object) => by && user, { name: 'signIn', args: true })
  signIn(logging, { name: 'Ada', password: 'p', deep: { apiKey: 'k', list: [{ token: 't' }] } })
  expect(JSON.parse(output)).toMatchObject({
    msg: 'signIn',
    args: [{ name: 'Ada', password: '[redacted]', deep: { apiKey: '[redacted]', list: [{ token: '[redacted]' }] } }],
  })
  traced((by: SpanContext, name: string) => by && name, { name: 'quiet' })(ctx, 'Ada')
  expect(log.info.mock.calls[0]![0]).not.toHaveProperty('args')
})

it('can leave out the span or the log line', () => {
  traced((own: SpanContext) => own, { name: 'a', trace: false })(ctx)
  traced((own: SpanContext) => own, { name: 'b', level: 'silent' })(ctx)
  expect(sink.spans.map(({ name }) => name)).toEqual(['b'])
  expect(log.info.mock.calls.map(([, message]) => message)).toEqual(['a'])
})

it('finds the span of a plain function in the ambient scope', async () => {
  const inner = besideAmbient(async (n: number) => n + 1, { name: 'inner', ambient: true })
  const outer = besideAmbient(async (n: number) => inner(await inner(n)), { name: 'outer', ambient: true })
  expect(await outer(1)).toBe(3)
  expect(sink.spans).toEqual([])
  expect(await ambient.run(ctx, () => outer(1))).toBe(3)
  const [first, second, last] = sink.spans
  expect([first!.name, second!.name, last!.name]).toEqual(['inner', 'inner', 'outer'])
  expect([first!.parentId, second!.parentId, last!.parentId]).toEqual([last!.id, last!.id, ctx.span.id])
})

it('requires `ambient: true` for a function without a context', () => {
  // @ts-expect-error a number is no context
  traced((n: number) => n)
  // @ts-expect-error nor is nothing
  traced(() => 1, { name: 'nothing' })
})

it('decorates methods, with a context or without', async () => {
  const { code } = await transform(
    `class Cities {
      #prefix = 'city'

      @traced({ category: 'geography' })
      async find(own, id) {
        return \`\${this.#prefix} \${id} \${await this.details()} \${own.span.id}\`
      }

      @traced({ name: 'more', level: 'silent' })
      async details() {
        return \`of \${this.#prefix}\`
      }
    }`,
    { target: 'node20', loader: 'ts' },
  )
  // oxlint-disable-next-line typescript/no-implied-eval -- no runtime knows decorators yet; this is what a compiler makes of them
  const Cities = new Function('traced', `${code}; return Cities`)(decorated) as new () => {
    find(own: SpanContext, id: number): Promise<string>
  }
  const words = await new Cities().find(ctx, 7)
  const [more, find] = sink.spans
  expect(words).toBe(`city 7 of city ${find!.id}`)
  expect(more).toMatchObject({ name: 'more', parentId: find!.id })
  expect(find).toMatchObject({ name: 'find', parentId: ctx.span.id, attributes: { 'tricube.category': 'geography' } })
  expect(log.info.mock.calls.map(([, message]) => message)).toEqual(['find'])
})
