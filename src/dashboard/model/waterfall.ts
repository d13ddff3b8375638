import { grouped } from '../../trace/export/grouped.ts'
import type { StoredSpan } from './span.ts'

/** A span in the tree of its trace. */
export interface WaterfallRow {
  readonly span: StoredSpan
  readonly depth: number
  readonly children: number
  /** Milliseconds since the start of the trace, corrected for the skew of clocks. */
  readonly startMs: number
  /** The correction that was added to its start, in milliseconds; 0 on one machine. */
  readonly skewMs: number
  /** Whether its parent is missing: not sent yet, or lost. */
  readonly isOrphan: boolean
}

/** The rows of a trace, parents before their children, and the length of the whole. */
export interface Waterfall {
  readonly rows: readonly WaterfallRow[]
  readonly totalMs: number
}

/** Orders spans as a tree. A span whose clock is wrong is moved into its parent. */
export function waterfallOf(spans: readonly StoredSpan[]): Waterfall {
  const byId = new Map(spans.map((span) => [span.id, span]))
  const children = grouped(
    spans.toSorted((a, b) => a.startMs - b.startMs),
    ({ id, parentId }) => (parentId !== undefined && parentId !== id && byId.has(parentId) ? parentId : ''),
  )
  const roots = children.get('') ?? []
  const originMs = Math.min(...roots.map(({ startMs }) => startMs))
  const rows: WaterfallRow[] = []
  const seen = new Set<string>()
  const stack = roots.toReversed().map((span) => ({ span, depth: 0, skewMs: 0 }))
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { span, depth, skewMs } = next
    if (seen.has(span.id)) continue
    seen.add(span.id)
    const below = children.get(span.id) ?? []
    const isOrphan = depth === 0 && span.parentId !== undefined
    const startMs = Math.max(0, span.startMs + skewMs - originMs)
    rows.push({ span, depth, children: below.length, startMs, skewMs, isOrphan })
    for (const child of below.toReversed()) {
      stack.push({ span: child, depth: depth + 1, skewMs: skewMs + skewOf(span, child) })
    }
  }
  return { rows, totalMs: Math.max(0.001, ...rows.map(({ startMs, span }) => startMs + span.durationMs)) }
}

/** Differences below are those of two clocks of one machine. */
const toleratedMs = 1

/**
 * How far a child of another service has to move to lie in its parent. Within a service there is one clock, and a child may
 * outlive its parent there.
 */
function skewOf(parent: StoredSpan, child: StoredSpan): number {
  if (child.service === parent.service || child.durationMs > parent.durationMs) return 0
  const early = parent.startMs - child.startMs
  const late = child.startMs + child.durationMs - parent.startMs - parent.durationMs
  if (early <= toleratedMs && late <= toleratedMs) return 0
  // The network takes as long on the way there as on the way back.
  return early + (parent.durationMs - child.durationMs) / 2
}

/** A part of the critical path: without it, the trace would have been shorter. */
export interface CriticalPart {
  readonly id: string
  readonly fromMs: number
  readonly toMs: number
}

/**
 * Returns the critical path: from the end backwards, always the child that ended last before the present moment.
 *
 * Parts of one span do not overlap, and all parts together are as long as the first span.
 */
export function criticalPathOf({ rows }: Waterfall): CriticalPart[] {
  const first = rows[0]
  if (!first) return []
  const children = grouped(rows, ({ span, depth }) => (depth > 0 ? (span.parentId ?? '') : ''))
  const parts: CriticalPart[] = []
  const stack = [{ row: first, fromMs: first.startMs, toMs: endOf(first) }]
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { row, fromMs, toMs } = next
    let now = toMs
    const below = (children.get(row.span.id) ?? []).toSorted((a, b) => endOf(b) - endOf(a))
    for (const child of below) {
      // One that ends later than now ran beside the one before it, or outlives its parent.
      const end = Math.min(endOf(child), toMs)
      if (end > now || end <= fromMs || child.startMs >= now) continue
      if (end < now) parts.push({ id: row.span.id, fromMs: end, toMs: now })
      const start = Math.max(fromMs, child.startMs)
      stack.push({ row: child, fromMs: start, toMs: end })
      now = start
    }
    if (now > fromMs) parts.push({ id: row.span.id, fromMs, toMs: now })
  }
  return parts.filter(({ fromMs, toMs }) => toMs > fromMs)
}

function endOf({ startMs, span }: WaterfallRow): number {
  return startMs + span.durationMs
}
