import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { around, placed, type MapNode, type PlacedNode, type ServiceMap } from '../model/serviceMap.ts'
import { count, duration } from './format.ts'
import { MapDrawing, perMinute } from './mapDrawing.tsx'
import { usePolled } from './polled.ts'
import { hrefOf, replaceAddress } from './route.ts'
import { Text } from './text.tsx'
import { Empty, Search, Select, ServiceName, TableHead } from './ui.tsx'
import type { ViewProps } from './viewProps.ts'

const everyMs = 3000

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
          options={[['', 'Everything'], ...value.nodes.map((node) => [node.id, `Around ${labelOf(node)}`] as const)]}
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
        <MapDrawing places={places} map={map} selected={node} find={find} />
        <Calls map={map} places={places} />
      </div>
    </div>
  )
}

/** A database is often named like its service. */
function labelOf({ kind, name }: MapNode): string {
  return kind === 'database' ? `database ${name}` : name
}

/** The same as a table, for reading and for screen readers. */
function Calls({
  map: { edges, windowMs },
  places,
}: {
  readonly map: ServiceMap
  readonly places: readonly PlacedNode[]
}): JSX.Element {
  const labels = new Map(places.map((place) => [place.id, labelOf(place)]))
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
                <ServiceName name={labels.get(from) ?? from} />
              </td>
              <td>
                <Text value={labels.get(to) ?? to} />
              </td>
              <td>{calls > 0 ? kind : `${kind}, declared`}</td>
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
