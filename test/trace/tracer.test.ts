import { expect, it } from 'vitest'
import { errorTypeOf } from '../../src/trace/errorType.ts'
import { propagators } from '../../src/trace/propagation/propagators.ts'
import { SilentTracer } from '../../src/trace/tracer.ts'
import { getUser, memoryTracer, selectUsers } from './fixture.ts'

const caller = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=1' }

it('continues the trace of its caller', () => {
  const { tracer, sink } = memoryTracer()
  const request = tracer.request(getUser, caller, 0)
  const statement = request.child(selectUsers, 1)
  statement.end(2)
  request.end(3)
  expect(sink.spans).toMatchObject([
    { traceId: '0af7651916cd43dd8448eb211c80319c', parentId: request.id, kind: 'client', startedAt: 1, durationMs: 1 },
    { traceId: '0af7651916cd43dd8448eb211c80319c', parentId: 'b7ad6b7169203331', kind: 'server', durationMs: 3 },
  ])
  const headers: Record<string, string> = {}
  tracer.inject(statement, headers)
  expect(headers).toEqual({
    traceparent: `00-0af7651916cd43dd8448eb211c80319c-${statement.id}-01`,
    tracestate: 'a=1',
  })
})

it('continues a trace that came as B3, and writes B3 only when it is configured', () => {
  const b3 = { b3: '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1' }
  const written = [memoryTracer(), memoryTracer({ propagator: propagators(['b3multi']) })].map(({ tracer }) => {
    const request = tracer.request(getUser, b3, 0)
    expect(request).toMatchObject({ traceId: '0af7651916cd43dd8448eb211c80319c', parentId: 'b7ad6b7169203331' })
    const headers: Record<string, string> = {}
    tracer.inject(request, headers)
    return Object.keys(headers)
  })
  expect(written).toEqual([['traceparent'], ['x-b3-traceid', 'x-b3-spanid', 'x-b3-parentspanid', 'x-b3-sampled']])
})

it('links to an untrusted caller at the edge, and ignores its decisions', () => {
  const { tracer, sink } = memoryTracer({ edge: true, sampler: { isSampled: (parent) => parent ?? true } })
  const request = tracer.request(getUser, { ...caller, traceparent: caller.traceparent.replace(/1$/, '0') }, 0)
  request.end(1)
  const [span] = sink.spans
  expect(span!.parentId).toBeUndefined()
  expect(span!.traceId).not.toBe('0af7651916cd43dd8448eb211c80319c')
  expect(span!.links).toEqual([{ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }])
  const headers: Record<string, string> = {}
  tracer.inject(request, headers)
  expect(headers).not.toHaveProperty('tracestate')
})

it('makes unique ids that are never zero', () => {
  const zeros = memoryTracer({ random: () => 0 }).tracer.root(getUser, 0)
  expect(zeros.traceId).toBe('1'.padStart(32, '0'))
  expect(zeros.id).toBe('1'.padStart(16, '0'))
  const { tracer } = memoryTracer()
  expect(new Set(Array.from({ length: 10_000 }, () => tracer.root(getUser, 0).traceId)).size).toBe(10_000)
})

it('counts only the first end', () => {
  const { tracer, sink } = memoryTracer()
  const request = tracer.root(getUser, 0)
  request.end(1)
  request.end(2)
  expect(sink.spans.map(({ durationMs }) => durationMs)).toEqual([1])
})

it("forwards the caller's headers without a tracer, and nothing without any", () => {
  const tracer = new SilentTracer()
  const known: Record<string, string> = {}
  tracer.inject(tracer.request(getUser, caller, 0).child(selectUsers), known)
  expect(known).toMatchObject(caller)
  const unknown: Record<string, string> = {}
  tracer.inject(tracer.request(getUser, {}, 0), unknown)
  expect(unknown).toEqual({})
})

it.each([
  [{ sqlstate: '23505', name: 'DatabaseError' }, '23505'],
  [Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
  [new RangeError('secret'), 'RangeError'],
  [new (class Missing extends Error {})('secret'), 'Missing'],
  [new Error('secret'), 'Error'],
  ['secret', 'string'],
  [null, 'object'],
  [undefined, 'undefined'],
  [Object.create(null), 'Error'],
])('records the class of what was thrown, not its message: %o', (thrown, type) => {
  expect(errorTypeOf(thrown)).toBe(type)
})
