import type { JSX } from 'preact'
import type { DatabaseRow, StatementRow } from '../../model/data.ts'
import { useJson } from '../api.ts'
import { count, duration } from '../format.ts'
import { hrefOf } from '../route.ts'
import { Block } from '../text.tsx'
import { Empty } from '../ui.tsx'
import { Explain } from './plan.tsx'

interface StatementsProps {
  readonly database: DatabaseRow
  readonly databases: readonly DatabaseRow[]
}

/** The statements that took the most time, from the traces. */
export function Statements({ database, databases }: StatementsProps): JSX.Element {
  const { value, reload } = useJson<readonly StatementRow[]>('api/statements')
  if (!value) return <></>
  const isOnly =
    databases.filter(({ service, role }) => service === database.service && role === 'primary').length === 1
  const rows = value.filter(
    ({ service, database: name }) =>
      service === database.service && (isOnly || name === '' || database.address.endsWith(`/${name}`)),
  )
  if (rows.length === 0) {
    return (
      <Empty title="No statements yet">
        <p>Statements in traces appear here. Send a request.</p>
      </Empty>
    )
  }
  return (
    <div class="contract">
      <h1>
        {count(rows.length, 'statement')}, by total time{' '}
        <button type="button" class="small" onClick={reload} aria-label="Read the statements again">
          ⟳
        </button>
      </h1>
      <p class="dim">As far as the traces that are kept show.</p>
      <ul class="plain statements">
        {rows.map((row) => (
          <li key={row.text}>
            <p class="facts">
              <strong>{duration(row.totalMs)}</strong> <span>{row.count} ×</span>{' '}
              <span>median {duration(row.p50Ms)}</span>{' '}
              <a href={hrefOf(`traces/${row.slowest.traceId}`, { span: row.slowest.spanId })}>
                slowest {duration(row.maxMs)}
              </a>{' '}
              {row.errors > 0 && <span class="bad">{count(row.errors, 'error')}</span>}
            </p>
            <Block value={row.text} />
            <Explain service={row.service} namespace={row.database} statement={row.text} />
          </li>
        ))}
      </ul>
    </div>
  )
}
