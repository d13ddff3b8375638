import { statementOf, type StoredSpan } from './span.ts'
import type { MapEdge, MapNode, ServiceMap } from './serviceMap.ts'

/** Makes the map of traces: an edge is where a span calls out, or where a trace was caused by another. */
export function mapOf(traces: Iterable<readonly StoredSpan[]>, services: readonly string[]): ServiceMap {
  const nodes = new Map<string, MapNode>(services.map((name) => [name, { id: name, name, kind: 'service' }]))
  const edges = new Map<string, Calls>()
  const add = (from: string, to: string, kind: MapEdge['kind'], { durationMs, error }: StoredSpan): void => {
    const key = `${from}\n${to}\n${kind}`
    let calls = edges.get(key)
    if (!calls) edges.set(key, (calls = { from, to, kind, durations: [], errors: 0 }))
    calls.durations.push(durationMs)
    if (error !== undefined) calls.errors++
  }
  const homes = new Map<string, string>()
  const all = [...traces]
  for (const spans of all) if (spans[0]) homes.set(spans[0].traceId, spans[0].service)
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
        const home = homes.get(link)
        if (home !== undefined && home !== span.service) add(home, span.service, 'event', span)
      }
    }
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()].map(edgeOf) }
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
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
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
