/** Writes spans as OTLP in JSON, which other tools open too. https://opentelemetry.io/docs/specs/otlp/ */
import { grouped } from '../../trace/export/grouped.ts'
import { causeOf, type StoredSpan } from './span.ts'

const kinds: Readonly<Record<StoredSpan['kind'], number>> = {
  internal: 1,
  server: 2,
  client: 3,
  producer: 4,
  consumer: 5,
}
/** `STATUS_CODE_ERROR`. */
const statusError = 2

/** Returns the body of an export of these spans. */
export function otlpOf(spans: readonly StoredSpan[]): object {
  const resourceSpans = [...grouped(spans, ({ service }) => service)].map(([service, own]) => ({
    resource: { attributes: attributesOf({ 'service.name': service }) },
    scopeSpans: [{ scope: { name: 'tricube' }, spans: own.map(spanOf) }],
  }))
  return { resourceSpans }
}

function spanOf({ traceId, id, parentId, name, kind, startMs, durationMs, ...rest }: StoredSpan): object {
  const { error, attributes, events, links } = rest
  return {
    traceId,
    spanId: id,
    ...(parentId !== undefined && { parentSpanId: parentId }),
    name,
    kind: kinds[kind],
    startTimeUnixNano: nanoseconds(startMs),
    endTimeUnixNano: nanoseconds(startMs + durationMs),
    attributes: attributesOf({ ...attributes, ...(error !== undefined && { 'error.type': error }) }),
    events: events.map(({ atMs, name, text }) => ({
      timeUnixNano: nanoseconds(atMs),
      name,
      attributes: text === undefined ? [] : attributesOf(fieldsOf(text)),
    })),
    links: links.map(causeOf),
    ...(error !== undefined && { status: { code: statusError, message: error } }),
  }
}

function attributesOf(fields: Readonly<Record<string, string>>): object[] {
  return Object.entries(fields).map(([key, value]) => ({ key, value: { stringValue: value } }))
}

/** The attributes of an event are stored as JSON. */
function fieldsOf(text: string): Record<string, string> {
  try {
    const fields = JSON.parse(text) as Record<string, unknown>
    return Object.fromEntries(
      Object.entries(fields).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
    )
  } catch {
    return { text }
  }
}

/** Microseconds are all that a number holds. */
function nanoseconds(ms: number): string {
  return `${BigInt(Math.round(ms * 1000))}000`
}
