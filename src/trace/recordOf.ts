// Separate from the class, which needs Node, because clients in browsers import this.
import type { Span } from './span.ts'
import type { SpanRecord } from './spanRecord.ts'

/** Returns the record behind a `Span`, which is its public view. */
export function recordOf(span: Span): SpanRecord {
  return span as SpanRecord
}
