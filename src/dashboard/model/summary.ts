import { repeatsOf } from './repeats.ts'
import { isProbe, statementOf, statusOf, type StoredSpan, type TraceSummary } from './span.ts'

/** Summarizes the spans of a trace, which are at least one. Spans may still be missing: late ones change the summary. */
export function summaryOf(id: string, seq: number, spans: readonly StoredSpan[]): TraceSummary {
  const first = firstOf(spans)
  const from = Math.min(...spans.map(({ startMs }) => startMs))
  const to = Math.max(...spans.map(({ startMs, durationMs }) => startMs + durationMs))
  const failed = spans.filter(({ error }) => error !== undefined)
  const status = statusOf(first)
  const method = first.attributes['http.request.method'] ?? first.attributes['http.method']
  const path = first.attributes['url.path'] ?? first.attributes['http.target'] ?? first.attributes['http.route']
  return {
    id,
    seq,
    service: first.service,
    name: first.name,
    services: [...new Set([first.service, ...spans.map(({ service }) => service)])],
    startMs: from,
    durationMs: to - from,
    spans: spans.length,
    statements: spans.filter((span) => statementOf(span) !== undefined).length,
    errors: failed.length,
    isRepeating: repeatsOf(spans).length > 0,
    isProbe: isProbe(path),
    ...(failed.length > 0 && { error: first.error ?? failed[0]!.error! }),
    ...(status !== undefined && { status }),
    ...(method !== undefined && { method }),
    ...(path !== undefined && { path }),
  }
}

/** The earliest span without a parent in the trace; clocks differ, so a child may begin before its parent. */
export function firstOf(spans: readonly StoredSpan[]): StoredSpan {
  const ids = new Set(spans.map(({ id }) => id))
  const roots = spans.filter(({ parentId }) => parentId === undefined || !ids.has(parentId))
  const candidates = roots.length > 0 ? roots : spans
  return candidates.reduce((first, span) => (span.startMs < first.startMs ? span : first))
}
