import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { ServiceMap } from '../model/serviceMap.ts'
import type { ServiceRow, SettingRow } from '../model/state.ts'
import { useJson } from './api.ts'
import { count } from './format.ts'
import { operationsOf, typeText, type OpenApi, type TryOperation } from './operations.ts'
import { hrefOf } from './route.ts'
import { Block, Text } from './text.tsx'
import { Type } from './type.tsx'
import { Empty, ServiceName, TableHead } from './ui.tsx'
import { Work } from './declaredWork.tsx'
import type { ViewProps } from './viewProps.ts'

/** What each service promises, who uses it, and the settings that it runs with. */
export function Contracts({ state, address: { path } }: ViewProps): JSX.Element {
  const managed = state.services.filter(({ isManaged }) => isManaged)
  const selected = managed.find(({ name }) => name === path[1]) ?? managed[0]
  if (!selected) return <Empty title="No service" />
  return (
    <div class="try">
      <nav class="operations" aria-label="Services">
        <ul class="plain">
          {managed.map(({ name }) => (
            <li key={name}>
              <a
                href={hrefOf(`contracts/${encodeURIComponent(name)}`)}
                aria-current={name === selected.name ? 'page' : undefined}
              >
                <ServiceName name={name} />
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div class="contract" key={selected.name}>
        <h1>
          <ServiceName name={selected.name} />
        </h1>
        <Neighbours name={selected.name} />
        <Operations service={selected} />
        <Work name={selected.name} />
        <Settings name={selected.name} />
      </div>
    </div>
  )
}

/** Who calls it, and whom it calls, as its service declares it and as traces show. */
function Neighbours({ name }: { readonly name: string }): JSX.Element {
  const { value } = useJson<ServiceMap>('api/map')
  const { nodes = [], edges = [] } = value ?? {}
  const databases = new Map(nodes.flatMap(({ id, name, kind }) => (kind === 'database' ? [[id, name]] : [])))
  const calls = edges.filter(({ kind, to }) => kind !== 'event' && !databases.has(to))
  const list = (names: readonly string[]): string => [...new Set(names)].join(', ')
  const callers = list(calls.filter(({ to }) => to === name).map(({ from }) => from))
  const callees = list(calls.filter(({ from }) => from === name).map(({ to }) => to))
  const used = list(edges.filter(({ from }) => from === name).flatMap(({ to }) => databases.get(to) ?? []))
  const causes = list(edges.filter(({ to, kind }) => to === name && kind === 'event').map(({ from }) => from))
  return (
    <p>
      Called by <Text value={callers || 'nobody yet'} />. Calls <Text value={callees || 'nobody yet'} />.{' '}
      {used && (
        <>
          Uses the database <Text value={used} />.{' '}
        </>
      )}
      {causes && (
        <>
          Works on events of <Text value={causes} />.{' '}
        </>
      )}
      <a href={hrefOf('map', { node: name })}>Show it on the map</a>
    </p>
  )
}

function Operations({ service: { name, url } }: { readonly service: ServiceRow }): JSX.Element {
  const { value: document, error } = useJson<OpenApi>(`api/services/${encodeURIComponent(name)}/openapi`)
  if (error) {
    return (
      <p class="dim">
        <Text value={error.message} />
      </p>
    )
  }
  if (!document) return <></>
  const operations = operationsOf(name, document)
  return (
    <section aria-label="Operations">
      <h2>
        {count(operations.length, 'operation')} {url !== undefined && <a href={`${url}/docs`}>Documentation</a>}
      </h2>
      {operations.map((operation) => (
        <Operation key={operation.name} operation={operation} document={document} />
      ))}
    </section>
  )
}

interface OperationProps {
  readonly operation: TryOperation
  readonly document: OpenApi
}

function Operation({ operation, document }: OperationProps): JSX.Element {
  const { service, name, method, path, summary, parameters, body, responses } = operation
  const parameterLines = parameters.map(
    ({ name, in: where, required, schema }) => `${where} ${name}${required ? '' : '?'}: ${typeText(schema, document)}`,
  )
  return (
    <details>
      <summary>
        <span class="method">{method}</span>{' '}
        <code>
          <Text value={path} />
        </code>{' '}
        <Text value={name} />{' '}
        {summary !== undefined && (
          <span class="dim">
            <Text value={summary} />
          </span>
        )}
      </summary>
      <p>
        <a href={hrefOf(`try/${encodeURIComponent(service)}/${encodeURIComponent(name)}`)}>Try it</a> ·{' '}
        <a href={hrefOf('traces', { q: `service:${service} operation:${name}` })}>Traces</a>
      </p>
      {parameters.length > 0 && (
        <>
          <h3>Parameters</h3>
          <Block value={parameterLines.join('\n')} />
        </>
      )}
      <Type title="Body" schema={body} document={document} />
      <h3>Responses</h3>
      {responses.map(([status, description, schema]) => (
        <div key={status}>
          <p>
            <strong>{status}</strong>{' '}
            <span class="dim">
              <Text value={description} />
            </span>
          </p>
          {schema && status < '300' && <Block value={typeText(schema, document)} />}
        </div>
      ))}
    </details>
  )
}

function Settings({ name }: { readonly name: string }): JSX.Element {
  const { value, error } = useJson<readonly SettingRow[]>(`api/services/${encodeURIComponent(name)}/settings`)
  const [showsAll, setShowsAll] = useState(false)
  const rows = value?.filter(({ source }) => showsAll || source !== 'default') ?? []
  return (
    <section aria-label="Settings">
      <h2>Settings</h2>
      <label class="check">
        <input type="checkbox" checked={showsAll} onChange={() => setShowsAll(!showsAll)} />
        Defaults too
      </label>
      {error && (
        <p class="bad">
          <Text value={error.message} />
        </p>
      )}
      {!value && !error && <p class="dim">Reading the settings…</p>}
      {value && (
        <table class="calls settings">
          <TableHead caption={`Settings of ${name}`} heads={['Variable', 'Value', 'From']} />
          <tbody>
            {rows.map((row) => (
              <tr key={row.variable}>
                <td>
                  <code>
                    <Text value={row.variable} />
                  </code>
                </td>
                <td class="value">
                  <Text value={row.value} />
                </td>
                <td class="dim">
                  <Text value={row.source} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}
