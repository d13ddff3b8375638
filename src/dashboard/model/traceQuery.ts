import { escaped } from './logQuery.ts'
import type { StoredSpan, TraceSummary } from './span.ts'

/** What a search of traces asks for. */
export interface TraceQuery {
  readonly service?: string
  readonly operation?: string
  readonly status?: string
  readonly minMs?: number
  readonly maxMs?: number
  /** Bounds of its start, in milliseconds since 1970. */
  readonly afterMs?: number
  readonly beforeMs?: number
  readonly hasErrors: boolean
  readonly hasRepeats: boolean
  readonly showsProbes: boolean
  /** Attributes of one span, each with a value. */
  readonly attributes: readonly (readonly [string, string])[]
  /** Words that all occur in the trace. */
  readonly words: readonly RegExp[]
}

/** A stored trace, as far as a search needs it. */
export interface Searchable {
  readonly summary: TraceSummary
  readonly spans: readonly StoredSpan[]
}

/**
 * Reads a search: `service:users status:5xx >100ms db.collection.name=orders timeout`.
 *
 * `service:`, `operation:` and `status:` name fields. `is:error` and `is:repeating` are kinds. `>` and `<` compare the
 * duration. `since:10m`, `after:14:30` and `before:2026-11-27T14:35` compare the start. `name=value` is an attribute of a span. Any other word occurs anywhere in the trace. Quotes join words.
 */
export function parseTraceQuery(
  text: string,
  { showsProbes = false, nowMs = Date.now() }: { readonly showsProbes?: boolean; readonly nowMs?: number } = {},
): TraceQuery {
  const query = {
    hasErrors: false,
    hasRepeats: false,
    showsProbes,
    attributes: [] as [string, string][],
    words: [] as RegExp[],
  }
  const fields: { -readonly [Field in keyof TraceQuery]?: TraceQuery[Field] } = {}
  for (const token of tokensOf(text)) {
    const [, name, value] = /^(service|operation|status|is):(.+)$/.exec(token) ?? []
    const [, bound, time] = /^(since|after|before):(.+)$/.exec(token) ?? []
    const atMs = bound === undefined ? undefined : timeOf(time!, nowMs)
    const [, sign, number, unit] = /^([<>])(\d+(?:\.\d+)?)(us|µs|ms|s)?$/.exec(token) ?? []
    const [, key, expected] = /^([\w.-]+)=(.*)$/.exec(token) ?? []
    if (name === 'is' && value === 'error') query.hasErrors = true
    else if (name === 'is' && value === 'repeating') query.hasRepeats = true
    else if (name !== undefined && name !== 'is') fields[name as 'service'] = value!.toLowerCase()
    else if (atMs !== undefined) fields[bound === 'before' ? 'beforeMs' : 'afterMs'] = atMs
    else if (sign !== undefined) fields[sign === '>' ? 'minMs' : 'maxMs'] = Number(number) * unitMs[unit ?? 'ms']!
    else if (key !== undefined) query.attributes.push([key, expected!.toLowerCase()])
    else query.words.push(new RegExp(escaped(token), 'i'))
  }
  return { ...query, ...fields }
}

/** `10m` ago, a time of today, or a date and a time; undefined if it is none of them. */
function timeOf(text: string, nowMs: number): number | undefined {
  const [, count, unit] = /^(\d+(?:\.\d+)?)(s|m|h|d)$/.exec(text) ?? []
  if (count !== undefined) return nowMs - Number(count) * agoMs[unit!]!
  const [, hours, minutes, seconds = '0'] = /^(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?$/.exec(text) ?? []
  const atMs =
    hours === undefined
      ? Date.parse(text)
      : new Date(nowMs).setHours(Number(hours), Number(minutes), 0, Number(seconds) * 1000)
  return Number.isNaN(atMs) ? undefined : atMs
}

const agoMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const unitMs: Readonly<Record<string, number>> = { us: 0.001, µs: 0.001, ms: 1, s: 1000 }

function tokensOf(text: string): string[] {
  return [...text.matchAll(/(?:[^\s"]|"[^"]*"?)+/g)].map(([token]) => token.replaceAll('"', '')).filter(Boolean)
}

/** Whether a trace matches; cheap conditions first. */
export function matchesTrace(query: TraceQuery, trace: Searchable): boolean {
  const { summary } = trace
  if (summary.isProbe && !query.showsProbes) return false
  if (query.hasErrors && summary.errors === 0) return false
  if (query.hasRepeats && !summary.isRepeating) return false
  if (query.minMs !== undefined && summary.durationMs < query.minMs) return false
  if (query.maxMs !== undefined && summary.durationMs > query.maxMs) return false
  if (query.afterMs !== undefined && summary.startMs < query.afterMs) return false
  if (query.beforeMs !== undefined && summary.startMs > query.beforeMs) return false
  if (query.status !== undefined && !matchesStatus(query.status, summary.status)) return false
  const { service, operation } = query
  if (service !== undefined && !summary.services.some((each) => each.toLowerCase() === service)) return false
  if (operation !== undefined && !trace.spans.some(({ name }) => name.toLowerCase() === operation)) return false
  if (!query.words.every((word) => word.test(summary.id) || trace.spans.some((span) => hasWord(span, word))))
    return false
  return query.attributes.every(([key, value]) =>
    trace.spans.some(({ attributes }) => attributes[key]?.toLowerCase().includes(value)),
  )
}

/** `404` or `4xx`. */
function matchesStatus(expected: string, status: number | undefined): boolean {
  return (
    status !== undefined &&
    new RegExp(`^${expected.replaceAll(/[^\dx]/g, '').replaceAll('x', '\\d')}$`).test(`${status}`)
  )
}

function hasWord({ service, name, error, attributes }: StoredSpan, word: RegExp): boolean {
  if (word.test(name) || word.test(service) || (error !== undefined && word.test(error))) return true
  for (const key in attributes) if (word.test(attributes[key]!)) return true
  return false
}
