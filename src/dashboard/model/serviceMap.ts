/** Who calls whom. */

/** A service, a database or another system. */
export interface MapNode {
  readonly id: string
  readonly name: string
  readonly kind: 'service' | 'database' | 'other'
}

/** Calls from one to another, as far as their spans are known. */
export interface MapEdge {
  readonly from: string
  readonly to: string
  /** `event`: work that another trace caused. */
  readonly kind: 'call' | 'event'
  /** 0 if the service declares it, and no trace has shown it yet. */
  readonly count: number
  readonly errors: number
  readonly p50Ms: number | null
  readonly p99Ms: number | null
}

export interface ServiceMap {
  /** How long the traces reach back, in milliseconds. */
  readonly windowMs: number
  readonly nodes: readonly MapNode[]
  readonly edges: readonly MapEdge[]
}

/** A node with its place: columns from left to right, rows from top to bottom. */
export interface PlacedNode extends MapNode {
  readonly column: number
  readonly row: number
}

/** Returns the nodes at most so many steps from one, and the edges between them. */
export function around({ nodes, edges, windowMs }: ServiceMap, id: string, steps: number): ServiceMap {
  const near = new Set([id])
  for (let step = 0; step < steps; step++) {
    const before = new Set(near)
    for (const { from, to } of edges) {
      if (before.has(from)) near.add(to)
      if (before.has(to)) near.add(from)
    }
  }
  return {
    windowMs,
    nodes: nodes.filter((node) => near.has(node.id)),
    edges: edges.filter(({ from, to }) => near.has(from) && near.has(to)),
  }
}

/**
 * Places callers left of what they call. Each column is sorted by the rows of its neighbours, so that few lines cross.
 *
 * K. Sugiyama, S. Tagawa, M. Toda: Methods for Visual Understanding of Hierarchical System Structures, 1981.
 */
export function placed({ nodes, edges }: Pick<ServiceMap, 'nodes' | 'edges'>): PlacedNode[] {
  const columns = columnsOf(nodes, edges)
  const layers: string[][] = []
  for (const { id } of nodes) (layers[columns.get(id)!] ??= []).push(id)
  const rows = new Map<string, number>()
  const number = (layer: readonly string[]): void => layer.forEach((id, row) => rows.set(id, row))
  layers.forEach((layer) => number(layer.sort()))
  for (let round = 0; round < rounds; round++) {
    const isDown = round % 2 === 0
    for (const layer of isDown ? layers : layers.toReversed()) {
      const weight = new Map(layer.map((id) => [id, meanRow(id, edges, rows, isDown) ?? rows.get(id)!]))
      number(layer.sort((a, b) => weight.get(a)! - weight.get(b)!))
    }
  }
  return nodes.map((node) => ({ ...node, column: columns.get(node.id)!, row: rows.get(node.id)! }))
}

const rounds = 8

/** The longest way from a node that nobody calls. An edge that closes a circle does not count. */
function columnsOf(nodes: readonly MapNode[], edges: readonly MapEdge[]): Map<string, number> {
  const callees = new Map(nodes.map(({ id }) => [id, [] as string[]]))
  for (const { from, to } of edges) if (from !== to && callees.has(to)) callees.get(from)?.push(to)
  const order: string[] = []
  const state = new Map<string, 'open' | 'done'>()
  const forward = new Map<string, string[]>()
  const visit = (id: string): void => {
    state.set(id, 'open')
    const ahead: string[] = []
    for (const callee of callees.get(id)!) {
      if (state.get(callee) === 'open') continue
      ahead.push(callee)
      if (!state.has(callee)) visit(callee)
    }
    forward.set(id, ahead)
    state.set(id, 'done')
    order.push(id)
  }
  const called = new Set(edges.map(({ to }) => to))
  for (const { id } of nodes.toSorted((a, b) => Number(called.has(a.id)) - Number(called.has(b.id)))) {
    if (!state.has(id)) visit(id)
  }
  const columns = new Map(nodes.map(({ id }) => [id, 0]))
  for (const id of order.toReversed()) {
    for (const callee of forward.get(id)!) columns.set(callee, Math.max(columns.get(callee)!, columns.get(id)! + 1))
  }
  return columns
}

function meanRow(
  id: string,
  edges: readonly MapEdge[],
  rows: ReadonlyMap<string, number>,
  isDown: boolean,
): number | undefined {
  const neighbours = edges.flatMap(({ from, to }) => (isDown && to === id ? from : !isDown && from === id ? to : []))
  const known = neighbours.flatMap((neighbour) => rows.get(neighbour) ?? [])
  return known.length === 0 ? undefined : known.reduce((sum, row) => sum + row, 0) / known.length
}
