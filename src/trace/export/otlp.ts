/** The common part of OTLP's two encodings. https://opentelemetry.io/docs/specs/otlp/ */
import { microseconds } from '../../time/epochOffset.ts'
import { spanIdText, traceIdText } from '../ids.ts'
import type { Attributes, AttributeValue, SpanTemplate } from '../spanTemplate.ts'
import type { SpanRecord } from '../spanRecord.ts'
import type { SpanLink } from '../span.ts'
import type { Resource } from './exporter.ts'

/** `STATUS_CODE_ERROR`. */
export const statusError = 2
/** W3C's flag of a sampled trace. */
export const sampledFlag = 1

/** Returns the resource under OpenTelemetry's names. */
export function resourceAttributes({ service, attributes }: Resource): Attributes {
  return {
    'service.name': service,
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.name': 'tricube',
    'process.pid': process.pid,
    ...attributes,
  }
}

/** The fields that all spans of a template share. */
export function commonAttributes({ attributes, peer }: SpanTemplate): Attributes {
  return peer === undefined ? attributes : { ...attributes, 'peer.service': peer }
}

/** All fields of a span. */
export function attributesOf({ template, value0, value1, value2, errorType, details }: SpanRecord): Attributes {
  const all: Record<string, AttributeValue> = { ...commonAttributes(template) }
  for (const [i, value] of [value0, value1, value2].entries()) {
    const key = template.slots[i]
    if (key !== undefined && value !== undefined) all[key] = value
  }
  if (errorType !== undefined) all['error.type'] = errorType
  return Object.assign(all, details?.attributes)
}

/** Returns the template of a span: its own when it overrides a field, because each name may occur only once. */
export function templateOf({ template, details }: SpanRecord): SpanTemplate {
  if (details?.attributes === undefined) return template
  const other = Object.entries(details.attributes).filter(([key]) => key in template.attributes)
  return other.length === 0
    ? template
    : { ...template, attributes: { ...template.attributes, ...Object.fromEntries(other) } }
}

/** Returns the fields that a span has besides its template. */
export function ownAttributes({ template, details }: SpanRecord): [string, AttributeValue][] {
  return Object.entries(details?.attributes ?? {}).filter(([key]) => !(key in template.attributes))
}

/** Returns the links of a span, including the one to an untrusted caller. */
export function linksOf(span: SpanRecord): readonly SpanLink[] {
  const links = span.details?.links ?? []
  const link = span === span.trace.first ? span.trace.link : undefined
  if (!link) return links
  const traceId = traceIdText(link.trace0, link.trace1, link.trace2, link.trace3)
  return [{ traceId, spanId: spanIdText(link.span0, link.span1) }, ...links]
}

/** Formats nanoseconds since 1970 as digits. */
export function nanosecondsText(time: number, epochOffsetMs: number): string {
  return `${microseconds(time, epochOffsetMs)}000`
}
