import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { isFailure, type DatabaseRow, type Outcome, type TableRow } from '../../model/data.ts'
import { useJson } from '../api.ts'
import { hrefOf } from '../route.ts'
import { Text } from '../text.tsx'
import { Empty, Select, ServiceName } from '../ui.tsx'
import type { ViewProps } from '../viewProps.ts'
import { ConnectionsView } from './connections.tsx'
import { FailureBlock } from './failure.tsx'
import { Migrations } from './migrations.tsx'
import { SqlEditor } from './sqlEditor.tsx'
import { Statements } from './statements.tsx'
import { TableView } from './tableView.tsx'

const pages = [
  { path: 'sql', title: 'SQL' },
  { path: 'migrations', title: 'Migrations' },
  { path: 'connections', title: 'Connections' },
  { path: 'statements', title: 'Slow statements' },
] as const

/** The databases of the services: `#/data/user-service%2Fprimary/tables/public/users`. */
export function DataView({ address }: ViewProps): JSX.Element {
  const { value: databases, error } = useJson<readonly DatabaseRow[]>('api/databases')
  const [, id, page, ...rest] = address.path
  if (error) return <Empty title={error.message} />
  if (!databases) return <></>
  const selected = databases.find((database) => database.id === id) ?? databases[0]
  if (!selected)
    return (
      <Empty title="No database">
        <p>A service has one when it has models or migrations.</p>
      </Empty>
    )
  return (
    <div class="try">
      <Sidebar key={selected.id} databases={databases} selected={selected} path={address.path} />
      <div class="data-main" key={address.path.join('/')}>
        {page === 'tables' ? (
          <TableView database={selected} schema={rest[0] ?? ''} table={rest[1] ?? ''} query={address.query} />
        ) : page === 'migrations' ? (
          <Migrations database={selected} />
        ) : page === 'connections' ? (
          <ConnectionsView database={selected} />
        ) : page === 'statements' ? (
          <Statements database={selected} databases={databases} />
        ) : (
          <SqlEditor database={selected} query={address.query} />
        )}
      </div>
    </div>
  )
}

interface SidebarProps {
  readonly databases: readonly DatabaseRow[]
  readonly selected: DatabaseRow
  readonly path: readonly string[]
}

function Sidebar({ databases, selected, path: [, , page, schema, table] }: SidebarProps): JSX.Element {
  const { value, reload } = useJson<Outcome<readonly TableRow[]>>(
    `api/databases/${encodeURIComponent(selected.id)}/tables`,
  )
  const [search, setSearch] = useState('')
  const base = `data/${encodeURIComponent(selected.id)}`
  const tables =
    value && !isFailure(value) ? value.filter(({ name }) => name.toLowerCase().includes(search.toLowerCase())) : []
  return (
    <nav class="operations" aria-label="Database">
      <Select
        label="Database"
        value={selected.id}
        options={databases.map(({ id, service, name }) => [id, name === 'primary' ? service : `${service}: ${name}`])}
        onChange={(id) =>
          (location.hash = hrefOf(`data/${encodeURIComponent(id)}/${page === 'tables' ? 'sql' : (page ?? 'sql')}`))
        }
      />
      <p class="dim address">
        <ServiceName name={selected.service} /> {selected.role} <Text value={selected.address} />
      </p>
      <ul class="plain pages">
        {pages.map(({ path, title }) => (
          <li key={path}>
            <a href={hrefOf(`${base}/${path}`)} aria-current={path === (page ?? 'sql') ? 'page' : undefined}>
              {title}
            </a>
          </li>
        ))}
      </ul>
      <h2>
        Tables{' '}
        <button type="button" class="small" onClick={reload} aria-label="Read the tables again">
          ⟳
        </button>
      </h2>
      <input
        type="search"
        aria-label="Filter tables"
        placeholder="Filter tables"
        value={search}
        onInput={({ currentTarget }) => setSearch(currentTarget.value)}
      />
      {value && isFailure(value) && <FailureBlock failure={value} />}
      <ul class="plain">
        {tables.map((each) => (
          <li key={`${each.schema} ${each.name}`}>
            <a
              href={hrefOf(`${base}/tables/${encodeURIComponent(each.schema)}/${encodeURIComponent(each.name)}`)}
              aria-current={each.schema === schema && each.name === table ? 'page' : undefined}
              title={each.comment}
            >
              {each.schema !== 'public' && (
                <span class="dim">
                  <Text value={`${each.schema}.`} />
                </span>
              )}
              <Text value={each.name} /> {each.kind !== 'table' && <span class="dim">{each.kind}</span>}
              {each.rows !== undefined && <span class="dim table-rows">{short(each.rows)}</span>}
            </a>
          </li>
        ))}
      </ul>
      {value && !isFailure(value) && tables.length === 0 && <p class="dim">No tables{search && ' match'}</p>}
    </nav>
  )
}

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

/** `1.2M` */
function short(rows: number): string {
  return compact.format(rows)
}
