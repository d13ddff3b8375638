import { statementOf, type StoredSpan } from './span.ts'
import type { MapEdge, MapNode, ServiceMap } from './serviceMap.ts'
import { firstOf } from './summary.ts'

/** A service as far as it says itself whom it calls. */
export interface DeclaredService {
  readonly name: string
  /** The services that it calls. */
  readonly calls: readonly string[]
  /** The services whose events it handles. */
  readonly publishers: readonly string[]
}

/**
 * Makes the map of traces: an edge is where a span calls out, or where a trace was caused by another. What services declare, and
 * no trace has shown, are edges without calls.
 */
export function mapOf(traces: Iterable<readonly StoredSpan[]>, declared: readonly DeclaredService[]): ServiceMap {
  const nodes = new Map<string, MapNode>(declared.map(({ name }) => [name, { id: name, name, kind: 'service' }]))
  const edges = new Map<string, Calls>()
  const add = (from: string, to: string, kind: MapEdge['kind'], { durationMs, error }: StoredSpan): void => {
    const key = `${from}\n${to}\n${kind}`
    let calls = edges.get(key)
    if (!calls) edges.set(key, (calls = { from, to, kind, durations: [], errors: 0 }))
    calls.durations.push(durationMs)
    if (error !== undefined) calls.errors++
  }
  const all = [...traces]
  const causes = causesIn(all)
  for (const spans of all) {
    const parents = new Map(spans.map((span) => [span.id, span]))
    for (const span of spans) {
      if (!nodes.has(span.service)) nodes.set(span.service, { id: span.service, name: span.service, kind: 'service' })
      const target = targetOf(span)
      if (target) {
        if (!nodes.has(target.id)) nodes.set(target.id, target)
        add(span.service, target.id, 'call', span)
      }
      // A caller whose client spans name no peer.
      const parent = span.parentId === undefined ? undefined : parents.get(span.parentId)
      if (parent && parent.service !== span.service && !targetOf(parent))
        add(parent.service, span.service, 'call', span)
      for (const link of span.links) {
        const cause = causes.get(link)
        if (cause !== undefined && cause !== span.service) add(cause, span.service, 'event', span)
      }
    }
  }
  for (const { from, to, kind } of declaredEdges(declared)) {
    if (!nodes.has(from)) nodes.set(from, { id: from, name: from, kind: 'other' })
    if (!nodes.has(to)) nodes.set(to, { id: to, name: to, kind: 'other' })
    const key = `${from}\n${to}\n${kind}`
    if (!edges.has(key)) edges.set(key, { from, to, kind, durations: [], errors: 0 })
  }
  const starts = all.flatMap((spans) => spans[0]?.startMs ?? [])
  const windowMs = Math.max(0, Math.max(...starts, 0) - Math.min(...starts, Infinity))
  return { windowMs, nodes: [...nodes.values()], edges: [...edges.values()].map(edgeOf) }
}

/** The service of each span that another links to. Of a link without a span, it is the one that the trace began in. */
function causesIn(traces: readonly (readonly StoredSpan[])[]): Map<string, string> {
  const linked = new Set(traces.flatMap((spans) => spans.flatMap(({ links }) => links)))
  const causes = new Map<string, string>()
  for (const spans of traces) {
    const traceId = spans[0]?.traceId
    if (traceId !== undefined && linked.has(traceId)) causes.set(traceId, firstOf(spans).service)
    for (const { id, service, kind } of spans) {
      const link = `${traceId}-${id}`
      // In Zipkin, a client and a server may share an id.
      if (linked.has(link) && (kind !== 'client' || !causes.has(link))) causes.set(link, service)
    }
  }
  return causes
}

type DeclaredEdge = Pick<MapEdge, 'from' | 'to' | 'kind'>

function declaredEdges(declared: readonly DeclaredService[]): DeclaredEdge[] {
  return declared.flatMap(({ name, calls, publishers }) => [
    ...calls.map((to): DeclaredEdge => ({ from: name, to, kind: 'call' })),
    ...publishers.map((from): DeclaredEdge => ({ from, to: name, kind: 'event' })),
  ])
}

interface Calls {
  readonly from: string
  readonly to: string
  readonly kind: MapEdge['kind']
  readonly durations: number[]
  errors: number
}

function edgeOf({ from, to, kind, durations, errors }: Calls): MapEdge {
  const sorted = durations.toSorted((a, b) => a - b)
  const at = (share: number): number | null =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null
  return { from, to, kind, count: sorted.length, errors, p50Ms: at(0.5), p99Ms: at(0.99) }
}

/** What a span calls: a database by its name, else the peer. */
function targetOf(span: StoredSpan): MapNode | undefined {
  const { kind, attributes, name } = span
  if (kind !== 'client' || name === 'transaction') return undefined
  const system = attributes['db.system.name'] ?? attributes['db.system']
  if (system !== undefined || statementOf(span) !== undefined) {
    const database = attributes['db.namespace'] ?? attributes['db.name'] ?? system ?? 'database'
    return { id: `database ${database}`, name: database, kind: 'database' }
  }
  const peer = attributes['peer.service']
  return peer === undefined ? undefined : { id: peer, name: peer, kind: 'service' }
}
