import type { JSX } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import type { ServiceRow } from '../model/state.ts'
import { getJson } from './api.ts'
import { OperationForm } from './operationForm.tsx'
import { operationsOf, type OpenApi } from './operations.ts'
import { hrefOf } from './route.ts'
import { Text } from './text.tsx'
import { Empty, Search, ServiceName } from './ui.tsx'
import type { ViewProps } from './viewProps.ts'

interface Described {
  readonly service: ServiceRow
  readonly document: OpenApi
}

/** Sends requests to services, and shows each response beside its trace. */
export function TryIt({ state, address }: ViewProps): JSX.Element {
  const { path, query } = address
  const [described, setDescribed] = useState<readonly Described[]>()
  const [search, setSearch] = useState('')
  useEffect(() => {
    const managed = state.services.filter(({ isManaged }) => isManaged)
    void Promise.all(
      managed.map((service) =>
        getJson<OpenApi>(`api/services/${encodeURIComponent(service.name)}/openapi`).then(
          (document) => [{ service, document }],
          () => [],
        ),
      ),
    ).then((all) => setDescribed(all.flat()))
  }, [state.services])
  const operations = useMemo(
    () => (described ?? []).flatMap(({ service, document }) => operationsOf(service.name, document)),
    [described],
  )
  if (!described) return <></>
  if (operations.length === 0) {
    return (
      <Empty title="No operation to try">
        <p>No service has a contract with operations.</p>
      </Empty>
    )
  }
  const [, ofService, ofName] = path
  const selected = operations.find(
    ({ service, name }) => service === ofService && (ofName === undefined || name === ofName),
  )
  const home = described.find((each) => each.service.name === selected?.service)
  const shown = operations.filter((each) =>
    `${each.service} ${each.name} ${each.method} ${each.path}`.toLowerCase().includes(search.toLowerCase()),
  )
  return (
    <div class="try">
      <nav class="operations" aria-label="Operations">
        <Search label="Find an operation" value={search} placeholder="Find an operation" onChange={setSearch} />
        {described.map(({ service }) => {
          const { name, url } = service
          const own = shown.filter((operation) => operation.service === name)
          if (own.length === 0) return undefined
          return (
            <section key={name}>
              <h2>
                <ServiceName name={name} />
                {url === undefined && <a href={hrefOf('overview')}>does not run</a>}
              </h2>
              <ul class="plain">
                {own.map((operation) => (
                  <li key={operation.name}>
                    <a
                      href={hrefOf(`try/${encodeURIComponent(name)}/${encodeURIComponent(operation.name)}`)}
                      aria-current={operation === selected ? 'page' : undefined}
                    >
                      <span class="method">{operation.method}</span> <Text value={operation.name} />
                    </a>
                  </li>
                ))}
              </ul>
            </section>
          )
        })}
      </nav>
      {selected && home ? (
        <OperationForm
          key={`${selected.service} ${selected.name} ${query.toString()}`}
          operation={selected}
          document={home.document}
          home={home.service}
          query={query}
        />
      ) : (
        <Empty title="Choose an operation">
          <p>Its form is made from its schema.</p>
        </Empty>
      )}
    </div>
  )
}
