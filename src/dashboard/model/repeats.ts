import { statementOf, type StoredSpan } from './span.ts'

/** A statement that ran many times under one parent. */
export interface Repeat {
  readonly parentId: string
  readonly text: string
  readonly count: number
  readonly totalMs: number
}

/** From this many on, a loop around a query is likelier than a coincidence. */
const fewestRepeats = 5

/** Returns the statements that ran five times or more under one parent, the most frequent first. */
export function repeatsOf(spans: readonly StoredSpan[]): Repeat[] {
  const statements = spans.filter((span) => statementOf(span) !== undefined)
  if (statements.length < fewestRepeats) return []
  const groups = new Map<string, { parentId: string; text: string; count: number; totalMs: number }>()
  for (const span of statements) {
    const text = statementOf(span)
    if (text === undefined || span.parentId === undefined) continue
    const key = `${span.parentId}\n${normalized(text)}`
    const group = groups.get(key) ?? { parentId: span.parentId, text, count: 0, totalMs: 0 }
    group.count += 1
    group.totalMs += span.durationMs
    groups.set(key, group)
  }
  return [...groups.values()].filter(({ count }) => count >= fewestRepeats).toSorted((a, b) => b.count - a.count)
}

/** Other frameworks write literals and lists of different lengths into the text: they are the same statement. */
function normalized(text: string): string {
  return text
    .replace(/'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b|\$\d+/g, '?')
    .replace(/\?(?:\s*,\s*\?)+/g, '?')
    .replace(/\s+/g, ' ')
}
