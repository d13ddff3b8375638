import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { MapEdge, PlacedNode, ServiceMap } from '../model/serviceMap.ts'
import { duration, rate, share } from './format.ts'
import { hrefOf } from './route.ts'
import { serviceClass } from './ui.tsx'

// Pixels.
const [rowHeight, nodeWidth, nodeHeight, margin] = [84, 160, 36, 12]
/** A line between two columns has room for its label. */
const columnWidths = { least: 260, most: 320 }
/** The padding of the page. */
const sides = 40
/** Letters that a node has room for. */
const longestName = 22

/** A node and its upper left corner in pixels. */
interface DrawnNode extends PlacedNode {
  readonly x: number
  readonly y: number
}

export interface MapDrawingProps {
  readonly places: readonly PlacedNode[]
  readonly map: ServiceMap
  readonly selected: string
  /** What is searched: the other nodes are pale. */
  readonly find: string
}

/** Nodes in columns, and a line for each edge with its rate, its median and its errors. */
export function MapDrawing({ places, map: { edges, windowMs }, selected, find }: MapDrawingProps): JSX.Element {
  const columnWidth = useColumnWidth(1 + Math.max(0, ...places.map(({ column }) => column)))
  const nodes = places.map((place) => ({
    ...place,
    x: margin + place.column * columnWidth,
    y: margin + place.row * rowHeight,
  }))
  const at = new Map(nodes.map((node) => [node.id, node]))
  const width = margin + nodeWidth + Math.max(0, ...nodes.map(({ x }) => x))
  const height = margin + nodeHeight + detour + Math.max(0, ...nodes.map(({ y }) => y))
  return (
    <svg
      class="map"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="group"
      aria-label="Services and their calls"
    >
      {edges.map((edge, i) => (
        <Edge
          key={`${edge.from} ${edge.to} ${edge.kind}`}
          edge={edge}
          nth={nthOf(edge, i, edges)}
          windowMs={windowMs}
          from={at.get(edge.from)!}
          to={at.get(edge.to)!}
        />
      ))}
      {nodes.map(({ id, kind, name, x, y }) => (
        <a key={id} href={hrefOf('map', { node: id, steps: '1' })} aria-label={`${kind} ${name}`}>
          <g
            transform={`translate(${x} ${y})`}
            class={`map-node map-${kind} ${serviceClass(name)} ${id === selected ? 'map-selected' : ''} ${name.toLowerCase().includes(find) ? '' : 'dimmed'}`}
          >
            <title>{name}</title>
            <rect width={nodeWidth} height={nodeHeight} rx={kind === 'database' ? 16 : 5} />
            <text x={nodeWidth / 2} y={nodeHeight / 2 + 4} text-anchor="middle">
              {name.length > longestName ? `${name.slice(0, longestName - 1)}…` : name}
            </text>
          </g>
        </a>
      ))}
    </svg>
  )
}

function Edge({
  edge,
  nth,
  windowMs,
  from,
  to,
}: {
  readonly edge: MapEdge
  /** How many edges join the same two nodes before this one. */
  readonly nth: number
  readonly windowMs: number
  readonly from: DrawnNode
  readonly to: DrawnNode
}): JSX.Element {
  const { path, arrow, labelX, labelY } = lineOf(from, to, nth)
  const width = 1 + Math.min(4, Math.log10(Math.max(1, edge.count)))
  return (
    <g class={`map-edge map-edge-${edge.count > 0 ? edge.kind : 'declared'} ${edge.errors > 0 ? 'map-edge-bad' : ''}`}>
      <path d={path} style={{ strokeWidth: `${width}px` }} />
      <path class="map-arrow" d={arrow} />
      <text x={labelX} y={labelY} text-anchor="middle">
        {edge.count > 0 && `${perMinute(edge, windowMs)} · ${duration(edge.p50Ms)}`}
        {edge.errors > 0 ? ` · ${share(edge.errors / edge.count)}` : ''}
      </text>
    </g>
  )
}

function nthOf({ from, to }: MapEdge, index: number, edges: readonly MapEdge[]): number {
  const joins = (other: MapEdge): boolean =>
    (other.from === from && other.to === to) || (other.from === to && other.to === from)
  return edges.slice(0, index).filter(joins).length
}

interface Line {
  readonly path: string
  readonly arrow: string
  readonly labelX: number
  readonly labelY: number
}

/** Pixels between the lines of two nodes, and the depth of a line that goes around the nodes between its ends. */
const [lineGap, detour] = [13, 46]

/** A line from a node to a later column goes right, one to an earlier column goes left. */
function lineOf(from: DrawnNode, to: DrawnNode, nth: number): Line {
  const isBack = to.column < from.column
  const shift = Math.ceil(nth / 2) * (nth % 2 === 1 ? lineGap : -lineGap) // below, above, below
  const isFar = Math.abs(to.column - from.column) > 1 || to.column === from.column
  const x1 = from.x + (isBack ? 0 : nodeWidth)
  const x2 = to.x + (isBack || to.column === from.column ? nodeWidth : 0)
  const [y1, y2] = [from, to].map((node) => node.y + nodeHeight / 2 + shift) as [number, number]
  const reach = to.column === from.column || !isBack ? 50 : -50
  const bend = isFar && from.row === to.row ? detour : 0
  const end = to.column === from.column ? reach : -reach
  const pointsLeft = isBack || to.column === from.column
  return {
    path: `M${x1} ${y1}C${x1 + reach} ${y1 + bend} ${x2 + end} ${y2 + bend} ${x2} ${y2}`,
    arrow: `M${x2} ${y2}l${pointsLeft ? 8 : -8} -4v8z`,
    labelX: (x1 + x2) / 2 + (to.column === from.column ? 3 * reach : 0) / 4,
    labelY: (y1 + y2) / 2 + 0.75 * bend + (shift > 0 ? 14 : -6),
  }
}

/** Calls in a minute, in the traces that are kept. Traces of less than a minute are counted as one minute. */
export function perMinute({ count: calls }: MapEdge, windowMs: number): string {
  return `${rate(calls / Math.max(1, windowMs / 60_000))}/min`
}

/** As wide as all columns fit into the window, within bounds: what is wider scrolls. */
function useColumnWidth(columns: number): number {
  const [width, setWidth] = useState(innerWidth)
  useEffect(() => {
    const read = (): void => setWidth(innerWidth)
    addEventListener('resize', read)
    return () => removeEventListener('resize', read)
  }, [])
  const room = (width - sides - 2 * margin - nodeWidth) / Math.max(1, columns - 1)
  return Math.min(columnWidths.most, Math.max(columnWidths.least, Math.floor(room)))
}
