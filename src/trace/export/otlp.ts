/** What both encodings of OTLP share. https://opentelemetry.io/docs/specs/otlp/ */
import { microseconds } from '../clock.ts'
import { spanIdText, traceIdText } from '../ids.ts'
import type { Attributes, AttributeValue, SpanShape } from '../shape.ts'
import type { Span, SpanLink } from '../span.ts'
import type { Resource } from './exporter.ts'

/** `STATUS_CODE_ERROR`. */
export const statusError = 2
/** The W3C flag. */
export const sampledFlag = 1

/** The resource in OpenTelemetry's names. */
export function resourceAttributes({ service, attributes }: Resource): Attributes {
  return {
    'service.name': service,
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.name': 'tricube',
    'process.pid': process.pid,
    ...attributes,
  }
}

/** Everything that is said of a span. */
export function attributesOf({ shape, value0, value1, value2, errorType, details }: Span): Attributes {
  const all: Record<string, AttributeValue> = { ...shape.attributes }
  if (shape.peer !== undefined) all['peer.service'] = shape.peer
  for (const [i, value] of [value0, value1, value2].entries()) {
    const key = shape.slots[i]
    if (key !== undefined && value !== undefined) all[key] = value
  }
  if (errorType !== undefined) all['error.type'] = errorType
  return Object.assign(all, details?.attributes)
}

/** The shape of a span: one of its own when it says otherwise than the others, since a name may be there only once. */
export function shapeOf({ shape, details }: Span): SpanShape {
  const own = details?.attributes
  if (own === undefined || !Object.keys(own).some((key) => key in shape.attributes)) return shape
  return { ...shape, attributes: { ...shape.attributes, ...own } }
}

/** What a span says besides its shape. */
export function ownAttributes({ details }: Span, { attributes }: SpanShape): [string, AttributeValue][] {
  return Object.entries(details?.attributes ?? {}).filter(([key]) => !(key in attributes))
}

/** Its links, that to a caller who is not believed among them. */
export function linksOf(span: Span): readonly SpanLink[] {
  const links = span.details?.links ?? []
  const link = span === span.trace.first ? span.trace.link : undefined
  if (!link) return links
  const traceId = traceIdText(link.trace0, link.trace1, link.trace2, link.trace3)
  return [{ traceId, spanId: spanIdText(link.span0, link.span1) }, ...links]
}

/** Nanoseconds since 1970 as digits. */
export function nanosecondsText(time: number, epochOffsetMs: number): string {
  return `${microseconds(time, epochOffsetMs)}000`
}
