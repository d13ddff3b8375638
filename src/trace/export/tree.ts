import { printable } from '../../bytes/printable.ts'
import { grouped } from './grouped.ts'

/** A span of a tree in a terminal. */
export interface TreeSpan {
  readonly id: string
  readonly parentId: string | undefined
  readonly service: string
  readonly name: string
  /** Milliseconds; all spans of a tree have the same origin. */
  readonly startMs: number
  readonly durationMs: number
  readonly errorType: string | undefined
  /** A short note behind the span. */
  readonly note?: string | undefined
  /** The traces that caused it: of the request that published an event or enqueued a job. */
  readonly causes?: readonly string[] | undefined
}

const barWidth = 24

/** Draws a trace: its ID, the traces that caused it, and its spans. */
export function drawTrace(id: string, spans: readonly TreeSpan[]): string {
  const causes = new Set(spans.flatMap((span) => span.causes ?? []).filter((cause) => cause !== id))
  const title = [`trace ${id}`, ...(causes.size > 0 ? [`caused by ${[...causes].join(', ')}`] : [])].join(', ')
  return `${printable(title)}\n${drawTree(spans)}\n`
}

/**
 * Draws the spans of one trace as a tree with their services, start times and durations.
 *
 * @example
 * user-service getUser            6.1 ms  ████████████████████████
 * ├─ user-service SELECT users    0.9 ms   ███
 * └─ user-service roles.getRole   3.2 ms       █████████████
 */
export function drawTree(spans: readonly TreeSpan[]): string {
  const from = Math.min(...spans.map(({ startMs }) => startMs))
  const to = Math.max(...spans.map(({ startMs, durationMs }) => startMs + durationMs))
  const rows = rowsOf(spans)
  const width = Math.max(...rows.map(({ title }) => title.length))
  return rows
    .map(({ title, span }) => {
      const duration = `${span.durationMs.toFixed(1)} ms`.padStart(10)
      const bar = drawBar(span, from, Math.max(to - from, Number.EPSILON))
      const notes = printable([span.note, span.errorType && `✗ ${span.errorType}`].filter(Boolean).join(' '))
      return `${title.padEnd(width)}${duration}  ${notes ? `${bar.padEnd(barWidth)}  ${notes}` : bar}`
    })
    .join('\n')
}

interface Row {
  readonly title: string
  readonly span: TreeSpan
}

function rowsOf(spans: readonly TreeSpan[]): Row[] {
  const ids = new Set(spans.map(({ id }) => id))
  const byStart = spans.toSorted((a, b) => a.startMs - b.startMs)
  const under = grouped(byStart, ({ parentId }) => (parentId !== undefined && ids.has(parentId) ? parentId : ''))
  const rows: Row[] = []
  const add = (span: TreeSpan, own: string, below: string): void => {
    rows.push({ title: own + printable(`${span.service} ${span.name}`), span })
    const children = under.get(span.id) ?? []
    for (const [i, child] of children.entries()) {
      const isLast = i === children.length - 1
      add(child, below + (isLast ? '└─ ' : '├─ '), below + (isLast ? '   ' : '│  '))
    }
  }
  for (const root of under.get('') ?? []) add(root, '', '')
  return rows
}

function drawBar({ startMs, durationMs }: TreeSpan, from: number, totalMs: number): string {
  const start = Math.min(barWidth - 1, Math.floor(((startMs - from) / totalMs) * barWidth))
  const end = Math.min(barWidth, Math.max(start + 1, Math.round(((startMs + durationMs - from) / totalMs) * barWidth)))
  return ' '.repeat(start) + '█'.repeat(end - start)
}
