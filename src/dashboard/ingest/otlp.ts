/** Reads OTLP, from services that are not tricube's. https://opentelemetry.io/docs/specs/otlp/ */
import type { Level, LogLine } from '../model/logLine.ts'
import type { StoredSpan } from '../model/span.ts'
import { attributesOf, cut, eventOf, mostEvents, mostLinks, nameOf, valueOf } from './limits.ts'

/** A value of OTLP in JSON; 64-bit integers are text. */
export interface AnyValue {
  readonly stringValue?: string
  readonly boolValue?: boolean
  readonly intValue?: string | number
  readonly doubleValue?: number
  readonly arrayValue?: { readonly values?: readonly AnyValue[] }
  readonly kvlistValue?: { readonly values?: readonly KeyValue[] }
  readonly bytesValue?: string
}
interface KeyValue {
  readonly key?: string
  readonly value?: AnyValue
}
interface OtlpSpan {
  readonly traceId?: string
  readonly spanId?: string
  readonly parentSpanId?: string
  readonly name?: string
  readonly kind?: number | string
  readonly startTimeUnixNano?: string | number
  readonly endTimeUnixNano?: string | number
  readonly attributes?: readonly KeyValue[]
  readonly events?: readonly { timeUnixNano?: string | number; name?: string; attributes?: readonly KeyValue[] }[]
  readonly links?: readonly { readonly traceId?: string; readonly spanId?: string }[]
  readonly status?: { readonly code?: number | string; readonly message?: string }
}
interface OtlpLog {
  readonly timeUnixNano?: string | number
  readonly observedTimeUnixNano?: string | number
  readonly severityNumber?: number
  readonly body?: AnyValue
  readonly attributes?: readonly KeyValue[]
  readonly traceId?: string
  readonly spanId?: string
}
interface Resource {
  readonly attributes?: readonly KeyValue[]
}

/** The body of `POST /v1/traces`. */
export interface OtlpTraces {
  readonly resourceSpans?: readonly {
    readonly resource?: Resource
    readonly scopeSpans?: readonly { readonly spans?: readonly OtlpSpan[] }[]
  }[]
}

/** The body of `POST /v1/logs`. */
export interface OtlpLogs {
  readonly resourceLogs?: readonly {
    readonly resource?: Resource
    readonly scopeLogs?: readonly { readonly logRecords?: readonly OtlpLog[] }[]
  }[]
}

/** Converts spans; those without an id are left out. */
export function otlpSpans({ resourceSpans = [] }: OtlpTraces): StoredSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans = [] }) => {
    const service = serviceOf(resource)
    return scopeSpans.flatMap(({ spans = [] }) => spans.flatMap((span) => storedSpan(span, service)))
  })
}

/** Converts log records to lines, without a number in the order of arrival. */
export function otlpLines({ resourceLogs = [] }: OtlpLogs, nowMs: number): Omit<LogLine, 'seq'>[] {
  return resourceLogs.flatMap(({ resource, scopeLogs = [] }) => {
    const service = serviceOf(resource)
    return scopeLogs.flatMap(({ logRecords = [] }) => logRecords.map((record) => logLine(record, service, nowMs)))
  })
}

const kinds = ['internal', 'internal', 'server', 'client', 'producer', 'consumer'] as const
const longestMessage = 8192

function storedSpan(span: OtlpSpan, service: string): StoredSpan[] {
  const traceId = hexOf(span.traceId, 32)
  const id = hexOf(span.spanId, 16)
  if (!traceId || !id) return []
  const parentId = hexOf(span.parentSpanId, 16)
  const startMs = millisecondsOf(span.startTimeUnixNano)
  const attributes = attributesOf((span.attributes ?? []).map(({ key = '', value }) => [key, plain(value)]))
  const hasFailed = span.status?.code === 2 || span.status?.code === 'STATUS_CODE_ERROR'
  const error = attributes['error.type'] ?? (hasFailed ? span.status?.message || 'error' : undefined)
  return [
    {
      traceId,
      id,
      ...(parentId && { parentId }),
      service,
      name: nameOf(span.name),
      kind: kinds[kindNumber(span.kind)] ?? 'internal',
      startMs,
      durationMs: Math.max(0, millisecondsOf(span.endTimeUnixNano) - startMs),
      ...(error !== undefined && { error: nameOf(valueOf(error)) }),
      attributes,
      events: (span.events ?? [])
        .slice(0, mostEvents)
        .map(({ timeUnixNano, name, attributes = [] }) =>
          eventOf(
            millisecondsOf(timeUnixNano),
            name,
            attributes.length > 0 ? JSON.stringify(recordOf(attributes)) : '',
          ),
        ),
      links: (span.links ?? []).slice(0, mostLinks).flatMap(linkOf),
    },
  ]
}

function linkOf({ traceId, spanId }: { readonly traceId?: string; readonly spanId?: string }): string[] {
  const [trace, span] = [hexOf(traceId, 32), hexOf(spanId, 16)]
  return trace === undefined ? [] : [span === undefined ? trace : `${trace}-${span}`]
}

function logLine(record: OtlpLog, service: string, nowMs: number): Omit<LogLine, 'seq'> {
  const { severityNumber = 9, body, attributes = [] } = record
  const value = plain(body)
  const message = valueOf(typeof value === 'string' ? value : JSON.stringify(value ?? ''), longestMessage)
  const traceId = hexOf(record.traceId, 32)
  const spanId = hexOf(record.spanId, 16)
  const level = levelOf(severityNumber)
  const atMs = millisecondsOf(record.timeUnixNano) || millisecondsOf(record.observedTimeUnixNano) || nowMs
  const fields = attributesOf(attributes.map(({ key = '', value }) => [key, plain(value)]))
  const raw = JSON.stringify({ level, time: new Date(atMs).toISOString(), ...fields, msg: message })
  return {
    atMs,
    level,
    service,
    message,
    ...(traceId && { traceId }),
    ...(spanId && { spanId }),
    raw: cut(raw, 65_536),
  }
}

/** https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber */
function levelOf(severity: number): Level {
  const names = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const
  return names[Math.min(5, Math.max(0, Math.floor((severity - 1) / 4)))]!
}

function serviceOf(resource: Resource | undefined): string {
  const value = plain(resource?.attributes?.find(({ key }) => key === 'service.name')?.value)
  return nameOf(typeof value === 'string' ? value : 'unknown')
}

function recordOf(attributes: readonly KeyValue[]): Record<string, unknown> {
  return attributesOf(attributes.map(({ key = '', value }) => [key, plain(value)]))
}

function plain(value: AnyValue | undefined, depth = 0): unknown {
  if (!value || depth > 8) return undefined
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue } = value
  if (arrayValue) return (arrayValue.values ?? []).map((item) => plain(item, depth + 1))
  if (kvlistValue) {
    return Object.fromEntries((kvlistValue.values ?? []).map(({ key = '', value }) => [key, plain(value, depth + 1)]))
  }
  return (
    stringValue ?? boolValue ?? (intValue === undefined ? undefined : Number(intValue)) ?? doubleValue ?? bytesValue
  )
}

function kindNumber(kind: number | string | undefined): number {
  if (typeof kind === 'number') return kind
  return [
    '',
    'SPAN_KIND_INTERNAL',
    'SPAN_KIND_SERVER',
    'SPAN_KIND_CLIENT',
    'SPAN_KIND_PRODUCER',
    'SPAN_KIND_CONSUMER',
  ].indexOf(kind ?? '')
}

function hexOf(id: unknown, digits: number): string | undefined {
  const text = typeof id === 'string' ? id.toLowerCase() : ''
  return text.length === digits && /^[\da-f]+$/.test(text) && !/^0+$/.test(text) ? text : undefined
}

/** Nanoseconds do not fit in a number: microseconds do. */
function millisecondsOf(nanoseconds: string | number | undefined): number {
  const text = String(nanoseconds ?? 0)
  return /^\d{1,20}$/.test(text) ? Number(BigInt(text) / 1000n) / 1000 : Number(text) / 1e6 || 0
}
