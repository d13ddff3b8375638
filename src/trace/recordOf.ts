// Apart from the class, which needs Node: clients in browsers come here.
import type { Span } from './span.ts'
import type { SpanRecord } from './spanRecord.ts'

/** Every span is a record: `Span` is what users see of it. */
export function recordOf(span: Span): SpanRecord {
  return span as SpanRecord
}
