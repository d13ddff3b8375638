import { MemorySink } from '../../src/trace/export/memory.ts'
import { always } from '../../src/trace/sampler.ts'
import { spanTemplate, type SpanTemplate } from '../../src/trace/spanTemplate.ts'
import type { SpanRecord } from '../../src/trace/spanRecord.ts'
import { Tracer, type TracerOptions } from '../../src/trace/tracer.ts'

/** A tracer over memory. */
export function memoryTracer(options: Partial<TracerOptions> = {}): { tracer: Tracer; sink: MemorySink } {
  const sink = new MemorySink()
  return { tracer: new Tracer({ sampler: always, sink, ...options }), sink }
}

export const getUser: SpanTemplate = spanTemplate('getUser', {
  kind: 'server',
  attributes: { 'http.request.method': 'GET', 'http.route': '/users/:id' },
  slots: ['url.path', 'http.response.status_code'],
})

export const selectUsers: SpanTemplate = spanTemplate('SELECT users', {
  kind: 'client',
  attributes: { 'db.system.name': 'postgresql' },
  slots: ['db.response.returned_rows'],
  peer: 'postgresql',
})

/** A request with a statement that fails, an event, a link and values of every type; times as given. */
export function someSpans(tracer: Tracer): readonly SpanRecord[] {
  const request = tracer.root(getUser, 1000)
  request.value0 = '/users/"ü"'
  request.value1 = 500
  request.set('list', ['a', 'b'])
  request.set('share', -0.5)
  request.set('yes', true)
  request.set('big', 2 ** 40)
  request.event('retry', { attempt: 1 }, 1002)
  request.link({ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' })
  const statement = tracer.child(request, selectUsers, 1001)
  statement.value0 = 3
  statement.fail({ sqlstate: '42P01' })
  statement.end(1003.25)
  request.fail('500')
  request.end(1010)
  return [request, statement]
}
