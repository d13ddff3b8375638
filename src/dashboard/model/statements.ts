import type { StatementRow } from './data.ts'
import { statementOf, type StoredSpan } from './span.ts'

/** Statements in a list. */
const mostRows = 100

/** Sums up the statements of traces by service, database and text: those that took the most time first. */
export function statementsOf(traces: Iterable<readonly StoredSpan[]>): StatementRow[] {
  const groups = new Map<string, Group>()
  for (const spans of traces) {
    for (const span of spans) {
      const text = statementOf(span)
      if (text === undefined) continue
      const database = span.attributes['db.namespace'] ?? span.attributes['db.name'] ?? ''
      const key = `${span.service}\n${database}\n${text}`
      let group = groups.get(key)
      if (!group) groups.set(key, (group = { text, database, slowest: span, durations: [], errors: 0, totalMs: 0 }))
      group.durations.push(span.durationMs)
      group.totalMs += span.durationMs
      if (span.error !== undefined) group.errors++
      if (span.durationMs > group.slowest.durationMs) group.slowest = span
    }
  }
  return [...groups.values()]
    .toSorted((a, b) => b.totalMs - a.totalMs)
    .slice(0, mostRows)
    .map(({ text, database, slowest, durations, errors, totalMs }) => ({
      service: slowest.service,
      database,
      text,
      count: durations.length,
      errors,
      totalMs,
      p50Ms: durations.toSorted((a, b) => a - b)[Math.floor(durations.length / 2)]!,
      maxMs: slowest.durationMs,
      slowest: { traceId: slowest.traceId, spanId: slowest.id },
    }))
}

interface Group {
  readonly text: string
  readonly database: string
  readonly durations: number[]
  slowest: StoredSpan
  errors: number
  totalMs: number
}
