export { traced, type AmbientOptions, type TracedOptions } from './traced.ts'
export type { Attributes, AttributeValue, SpanKind } from './shape.ts'
export type { Span, SpanEvent, SpanLink } from './span.ts'
export type { RecordedSpan } from './export/memory.ts'
