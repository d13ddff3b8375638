import type { JSX } from 'preact'
import {
  isFailure,
  mostCounted,
  type DatabaseRow,
  type Outcome,
  type RowPage,
  type TableDetail,
} from '../../model/data.ts'
import { useJson } from '../api.ts'
import { hrefOf, replaceAddress } from '../route.ts'
import { Block, Text } from '../text.tsx'
import { Search, TableHead } from '../ui.tsx'
import { FailureBlock } from './failure.tsx'
import { ResultTable } from './resultTable.tsx'

interface TableViewProps {
  readonly database: DatabaseRow
  readonly schema: string
  readonly table: string
  readonly query: URLSearchParams
}

const pageSize = 100

/** The rows of a table, a page at a time, and its columns. */
export function TableView({ database, schema, table, query }: TableViewProps): JSX.Element {
  const place = `${encodeURIComponent(database.id)}/tables/${encodeURIComponent(schema)}/${encodeURIComponent(table)}`
  const filter = query.get('q') ?? ''
  const sort = query.get('sort') ?? ''
  const offset = Number(query.get('offset') ?? 0) || 0
  const showsColumns = query.get('show') === 'columns'
  const { value: detail } = useJson<Outcome<TableDetail>>(`api/databases/${place}`)
  const search = new URLSearchParams({ q: filter, sort, offset: String(offset) }).toString()
  const { value: page, isLoading, reload } = useJson<Outcome<RowPage>>(`api/databases/${place}/rows?${search}`)
  const change = (changed: Readonly<Record<string, string | undefined>>): void =>
    replaceAddress(hrefOf(`data/${place}`, { ...Object.fromEntries(query), ...changed }))
  const columns = detail && !isFailure(detail) ? detail.columns : []
  const rows = page && !isFailure(page) ? page : undefined
  return (
    <div class="full">
      <div class="toolbar" role="search">
        <h1>
          <Text value={schema === 'public' ? table : `${schema}.${table}`} />
        </h1>
        {!showsColumns && (
          <Search
            label="Filter rows"
            value={filter}
            placeholder="status=paid  total>100  note~late"
            onChange={(q) => change({ q, offset: undefined })}
          />
        )}
        <span class="toolbar-end">
          <button
            type="button"
            aria-pressed={showsColumns}
            onClick={() => change({ show: showsColumns ? undefined : 'columns' })}
          >
            Columns
          </button>
          <a href={hrefOf(`data/${encodeURIComponent(database.id)}/sql`, { text: selectOf(schema, table) })}>
            Open in SQL
          </a>
          {!showsColumns && rows && (
            <>
              <span class="number dim" role="status" aria-busy={isLoading}>
                {rangeOf(rows, offset)}
              </span>
              <button
                type="button"
                disabled={offset === 0}
                onClick={() => change({ offset: offset > pageSize ? String(offset - pageSize) : undefined })}
              >
                Previous
              </button>
              <button
                type="button"
                disabled={!rows.hasMore}
                onClick={() => change({ offset: String(offset + pageSize) })}
              >
                Next
              </button>
              <button type="button" onClick={reload} aria-label="Read the rows again">
                ⟳
              </button>
            </>
          )}
        </span>
      </div>
      {showsColumns && detail ? (
        isFailure(detail) ? (
          <FailureBlock failure={detail} />
        ) : (
          <Columns detail={detail} />
        )
      ) : page && isFailure(page) ? (
        <FailureBlock failure={page} />
      ) : (
        rows && (
          <ResultTable
            key={search}
            label="Rows"
            first={offset + 1}
            rows={rows.rows}
            columns={rows.columns.map((name) => {
              const references = columns.find((column) => column.name === name)?.references
              return {
                name,
                sort: sort === name ? 'ascending' : sort === `-${name}` ? 'descending' : undefined,
                onSort: () => change({ sort: sort === name ? `-${name}` : name, offset: undefined }),
                hrefOf:
                  references &&
                  ((cell) =>
                    hrefOf(
                      `data/${encodeURIComponent(database.id)}/tables/${encodeURIComponent(references.schema)}/${encodeURIComponent(references.table)}`,
                      { q: `${references.column}="${cell}"` },
                    )),
              }
            })}
          />
        )
      )}
    </div>
  )
}

function rangeOf({ rows, count }: RowPage, offset: number): string {
  if (rows.length === 0) return 'no rows'
  const total = count === mostCounted ? `${mostCounted.toLocaleString('en')} or more` : count.toLocaleString('en')
  return `${(offset + 1).toLocaleString('en')}–${(offset + rows.length).toLocaleString('en')} of ${total}`
}

function selectOf(schema: string, table: string): string {
  const quoted = [schema, table].filter((name) => name !== 'public').map((name) => `"${name.replaceAll('"', '""')}"`)
  return `SELECT * FROM ${quoted.join('.')} LIMIT 100`
}

function Columns({ detail: { columns, indexes, constraints } }: { readonly detail: TableDetail }): JSX.Element {
  return (
    <div class="contract">
      <table class="calls">
        <TableHead caption="Columns" heads={['Column', 'Type', 'Null', 'Default', 'Leads to', 'Comment']} />
        <tbody>
          {columns.map((column) => (
            <tr key={column.name}>
              <td>
                <Text value={column.name} /> {column.isKey && <span class="flag">key</span>}
                {column.isSecret && <span class="flag"> hidden</span>}
              </td>
              <td class="value">
                <code>
                  <Text value={column.type} />
                </code>
              </td>
              <td>{column.isNullable ? 'yes' : 'no'}</td>
              <td class="value">
                <Text value={column.default ?? ''} />
              </td>
              <td class="value">
                <Text value={column.references ? `${column.references.table}.${column.references.column}` : ''} />
              </td>
              <td class="dim">
                <Text value={column.comment ?? ''} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <Definitions title="Indexes" lines={indexes} />
      <Definitions title="Constraints" lines={constraints} />
    </div>
  )
}

function Definitions({ title, lines }: { readonly title: string; readonly lines: readonly string[] }): JSX.Element {
  if (lines.length === 0) return <></>
  return (
    <section>
      <h2>{title}</h2>
      <Block value={lines.join('\n')} />
    </section>
  )
}
