import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { around, placed, type MapEdge, type PlacedNode, type ServiceMap } from '../model/serviceMap.ts'
import { count, duration, rate, share } from './format.ts'
import { usePolled } from './polled.ts'
import { hrefOf, replaceAddress } from './route.ts'
import { Text } from './text.tsx'
import { Empty, Search, Select, ServiceName, TableHead, serviceClass } from './ui.tsx'
import type { ViewProps } from './viewProps.ts'

const everyMs = 3000
const [columnWidth, rowHeight, nodeWidth, nodeHeight, margin] = [320, 84, 180, 36, 24]

/** Services, databases and other systems, and the calls between them. */
export function MapView({ address: { query } }: ViewProps): JSX.Element {
  const { value } = usePolled<ServiceMap>('api/map', everyMs)
  const [node, steps] = [query.get('node') ?? '', Number(query.get('steps') ?? '1')]
  const map = useMemo(
    () => value && (value.nodes.some(({ id }) => id === node) ? around(value, node, steps) : value),
    [value, node, steps],
  )
  const places = useMemo(() => (map ? placed(map) : []), [map])
  if (!value || !map) return <></>
  if (value.nodes.length === 0) {
    return (
      <Empty title="Nothing to draw yet">
        <p>Send a request to one of your services: its calls appear here.</p>
      </Empty>
    )
  }
  const find = (query.get('find') ?? '').toLowerCase()
  const change = (changed: Readonly<Record<string, string>>): void =>
    replaceAddress(hrefOf('map', { ...Object.fromEntries(query), ...changed }))
  return (
    <div class="full">
      <h1 class="visually-hidden">Map</h1>
      <div class="toolbar" role="search">
        <Search
          label="Find on the map"
          value={query.get('find') ?? ''}
          placeholder="Find a service or a database"
          onChange={(text) => change({ find: text })}
        />
        <Select
          label="Around"
          value={node}
          options={[['', 'Everything'], ...value.nodes.map(({ id, name }) => [id, `Around ${name}`] as const)]}
          onChange={(id) => change({ node: id })}
        />
        {node !== '' && (
          <Select
            label="Steps"
            value={String(steps)}
            options={[1, 2, 3, 4].map((n) => [String(n), count(n, 'step')] as const)}
            onChange={(text) => change({ steps: text })}
          />
        )}
        <span class="dim">Dashed: an event or a job. Dotted: declared, not seen yet.</span>
      </div>
      <div class="map-scroll" tabIndex={0} role="region" aria-label="Map of the services">
        <Drawing places={places} map={map} selected={node} find={find} />
        <Calls map={map} places={places} />
      </div>
    </div>
  )
}

interface DrawingProps {
  readonly places: readonly PlacedNode[]
  readonly map: ServiceMap
  readonly selected: string
  /** What is searched: the other nodes are pale. */
  readonly find: string
}

function Drawing({ places, map: { edges, windowMs }, selected, find }: DrawingProps): JSX.Element {
  const at = new Map(places.map((place) => [place.id, place]))
  const width = margin * 2 + nodeWidth + columnWidth * Math.max(0, ...places.map(({ column }) => column))
  const height = margin * 2 + nodeHeight + detour + rowHeight * Math.max(0, ...places.map(({ row }) => row))
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
      {places.map((place) => (
        <a
          key={place.id}
          href={hrefOf('map', { node: place.id, steps: '1' })}
          aria-label={`${place.kind} ${place.name}`}
        >
          <g
            transform={`translate(${xOf(place)} ${yOf(place)})`}
            class={`map-node map-${place.kind} ${serviceClass(place.name)} ${place.id === selected ? 'map-selected' : ''} ${place.name.toLowerCase().includes(find) ? '' : 'dimmed'}`}
          >
            <title>{place.name}</title>
            <rect width={nodeWidth} height={nodeHeight} rx={place.kind === 'database' ? 16 : 5} />
            <text x={nodeWidth / 2} y={nodeHeight / 2 + 4} text-anchor="middle">
              {place.name.length > 24 ? `${place.name.slice(0, 23)}…` : place.name}
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
  readonly from: PlacedNode
  readonly to: PlacedNode
}): JSX.Element {
  const { path, arrow, labelX, labelY } = lineOf(from, to, nth)
  const width = 1 + Math.min(4, Math.log10(Math.max(1, edge.count)))
  return (
    <g class={`map-edge map-edge-${edge.kind} ${edge.errors > 0 ? 'map-edge-bad' : ''}`}>
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
const [lineGap, detour] = [11, 46]

/** A line from a node to a later column goes right, one to an earlier column goes left. */
function lineOf(from: PlacedNode, to: PlacedNode, nth: number): Line {
  const isBack = to.column < from.column
  const shift = Math.ceil(nth / 2) * (nth % 2 === 1 ? lineGap : -lineGap) // below, above, below
  const isFar = Math.abs(to.column - from.column) > 1 || to.column === from.column
  const x1 = xOf(from) + (isBack ? 0 : nodeWidth)
  const x2 = xOf(to) + (isBack || to.column === from.column ? nodeWidth : 0)
  const [y1, y2] = [from, to].map((node) => yOf(node) + nodeHeight / 2 + shift) as [number, number]
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
function perMinute({ count: calls }: MapEdge, windowMs: number): string {
  return `${rate(calls / Math.max(1, windowMs / 60_000))}/min`
}

function xOf({ column }: PlacedNode): number {
  return margin + column * columnWidth
}

function yOf({ row }: PlacedNode): number {
  return margin + row * rowHeight
}

/** The same as a table, for reading and for screen readers. */
function Calls({
  map: { edges, windowMs },
  places,
}: {
  readonly map: ServiceMap
  readonly places: readonly PlacedNode[]
}): JSX.Element {
  const names = new Map(places.map(({ id, name }) => [id, name]))
  return (
    <table class="calls">
      <TableHead caption="Calls" heads={['From', 'To', 'Kind', 'Calls', 'Rate', 'Errors', 'Median', 'p99']} />
      <tbody>
        {edges
          .toSorted((a, b) => b.count - a.count)
          .map((edge) => ({ ...edge, rate: perMinute(edge, windowMs) }))
          .map(({ from, to, kind, count: calls, rate, errors, p50Ms, p99Ms }) => (
            <tr key={`${from} ${to} ${kind}`}>
              <td>
                <ServiceName name={names.get(from) ?? from} />
              </td>
              <td>
                <Text value={names.get(to) ?? to} />
              </td>
              <td>{kind}</td>
              <td class="number">{calls}</td>
              <td class="number">{rate}</td>
              <td class={`number ${errors > 0 ? 'bad' : ''}`}>{errors}</td>
              <td class="number">{duration(p50Ms)}</td>
              <td class="number">{duration(p99Ms)}</td>
            </tr>
          ))}
      </tbody>
    </table>
  )
}
