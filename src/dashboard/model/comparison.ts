import { statementOf, type StoredSpan } from './span.ts'
import { waterfallOf } from './waterfall.ts'

/** What one trace has of an operation. */
export interface OperationTime {
  /** The number of its spans. */
  readonly count: number
  /** When the first of them starts, in milliseconds since the start of the trace. */
  readonly startMs: number
  /** The durations of all of them. */
  readonly totalMs: number
  /** The time in which none of their children ran. */
  readonly selfMs: number
  readonly errors: number
}

/** How an operation differs in the second trace. */
export type Difference = 'new' | 'missing' | 'slower' | 'faster' | 'same'

/** An operation at its place in the tree of two traces. */
export interface ComparedOperation {
  /** Unique in a comparison. */
  readonly key: string
  readonly depth: number
  readonly service: string
  readonly name: string
  /** The text of its statement. */
  readonly statement?: string
  readonly before?: OperationTime
  readonly after?: OperationTime
  readonly difference: Difference
  /** How much longer its own time is in the second trace, in milliseconds. */
  readonly selfDeltaMs: number
}

/** Two traces, side by side by operation. */
export interface Comparison {
  readonly rows: readonly ComparedOperation[]
  readonly beforeMs: number
  readonly afterMs: number
}

/** Compares two traces. Spans of one operation under one parent are one row: a loop of another length is no new operation. */
export function comparisonOf(before: readonly StoredSpan[], after: readonly StoredSpan[]): Comparison {
  const root: Node = { children: new Map() }
  const beforeMs = addTrace(root, before, 'before')
  const afterMs = addTrace(root, after, 'after')
  const rows: ComparedOperation[] = []
  const visit = (children: ReadonlyMap<string, Operation>, depth: number, path: string): void => {
    for (const operation of inOrder(children)) {
      const key = `${path}\n${operation.key}`
      rows.push(rowOf(operation, key, depth))
      visit(operation.children, depth + 1, key)
    }
  }
  visit(root.children, 0, '')
  return { rows, beforeMs, afterMs }
}

type Side = 'before' | 'after'
type Sum = { -readonly [Field in keyof OperationTime]: OperationTime[Field] }

interface Node {
  readonly children: Map<string, Operation>
}

interface Operation extends Node {
  readonly key: string
  readonly span: StoredSpan
  readonly times: { before?: Sum; after?: Sum }
}

/** Adds the spans of a trace to the tree and returns how long it took. */
function addTrace(root: Node, spans: readonly StoredSpan[], side: Side): number {
  const { rows, totalMs } = waterfallOf(spans)
  const self = selfTimes(rows.map(({ span, startMs }) => ({ span, startMs })))
  const parents: Node[] = [root]
  for (const { span, depth, startMs } of rows) {
    const parent = parents[depth]!
    const key = keyOf(span)
    let operation = parent.children.get(key)
    if (!operation) parent.children.set(key, (operation = { key, span, times: {}, children: new Map() }))
    const sum = (operation.times[side] ??= { count: 0, startMs, totalMs: 0, selfMs: 0, errors: 0 })
    sum.count++
    sum.startMs = Math.min(sum.startMs, startMs)
    sum.totalMs += span.durationMs
    sum.selfMs += self.get(span)!
    if (span.error !== undefined) sum.errors++
    parents.length = depth + 1
    parents.push(operation)
  }
  return totalMs
}

/** A statement is its text: two of one table may differ. */
function keyOf(span: StoredSpan): string {
  return `${span.service}\n${span.kind}\n${span.name}\n${statementOf(span) ?? ''}`
}

interface Placed {
  readonly span: StoredSpan
  readonly startMs: number
}

/** The time of each span in which none of its children ran. Children may run at the same time. */
function selfTimes(placed: readonly Placed[]): Map<StoredSpan, number> {
  const children = new Map<string, Placed[]>()
  for (const each of placed) {
    const { parentId } = each.span
    if (parentId === undefined) continue
    const siblings = children.get(parentId)
    if (siblings) siblings.push(each)
    else children.set(parentId, [each])
  }
  return new Map(
    placed.map(({ span, startMs }) => {
      let covered = 0
      let until = startMs
      const end = startMs + span.durationMs
      for (const child of (children.get(span.id) ?? []).toSorted((a, b) => a.startMs - b.startMs)) {
        const from = Math.max(child.startMs, until)
        const to = Math.min(child.startMs + child.span.durationMs, end)
        if (to > from) covered += to - from
        until = Math.max(until, to)
      }
      return [span, Math.max(0, span.durationMs - covered)]
    }),
  )
}

/** In the order of the first trace; what only the second has is between its neighbours there. */
function inOrder(children: ReadonlyMap<string, Operation>): Operation[] {
  const startOf = ({ times: { before, after } }: Operation): number => before?.startMs ?? after!.startMs
  return [...children.values()].toSorted((a, b) => startOf(a) - startOf(b))
}

/** Differences below are noise: a tenth of the time, and a millisecond. */
const smallestMs = 1
const smallestShare = 0.1

function rowOf({ span, times: { before, after } }: Operation, key: string, depth: number): ComparedOperation {
  const statement = statementOf(span)
  return {
    key,
    depth,
    service: span.service,
    name: span.name,
    ...(statement !== undefined && { statement }),
    ...(before && { before }),
    ...(after && { after }),
    difference: differenceOf(before, after),
    selfDeltaMs: (after?.selfMs ?? 0) - (before?.selfMs ?? 0),
  }
}

function differenceOf(before: OperationTime | undefined, after: OperationTime | undefined): Difference {
  if (!before) return 'new'
  if (!after) return 'missing'
  const deltaMs = after.totalMs - before.totalMs
  if (Math.abs(deltaMs) < Math.max(smallestMs, smallestShare * Math.max(before.totalMs, after.totalMs))) return 'same'
  return deltaMs > 0 ? 'slower' : 'faster'
}
