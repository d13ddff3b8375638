import type { JSX } from 'preact'
import { isFailure, type DatabaseRow, type MigrationRow, type Outcome } from '../../model/data.ts'
import { useJson } from '../api.ts'
import { count, dateAndClock, duration } from '../format.ts'
import { Text } from '../text.tsx'
import { Empty, TableHead } from '../ui.tsx'
import { FailureBlock } from './failure.tsx'

const meanings: Readonly<Record<MigrationRow['state'], string>> = {
  applied: '',
  pending: 'is applied at the next start, or when its file is saved',
  changed: 'its file has changed since it was applied',
  missing: 'its file is gone',
  late: 'a later one is applied already',
}

/** The migrations of a service, applied and pending. */
export function Migrations({ database: { id, hasMigrations } }: { readonly database: DatabaseRow }): JSX.Element {
  const { value, reload } = useJson<Outcome<readonly MigrationRow[]>>(
    `api/databases/${encodeURIComponent(id)}/migrations`,
  )
  if (!hasMigrations) return <Empty title="No migrations for this database" />
  if (!value) return <></>
  if (isFailure(value)) return <FailureBlock failure={value} />
  const pending = value.filter(({ state }) => state !== 'applied').length
  return (
    <div class="contract">
      <h1>
        {count(value.length, 'migration')}, {pending === 0 ? 'all applied' : `${pending} not applied`}{' '}
        <button type="button" class="small" onClick={reload} aria-label="Read the migrations again">
          ⟳
        </button>
      </h1>
      <table class="calls">
        <TableHead caption="Migrations" heads={['Migration', 'State', 'Applied', 'Took', 'Author']} />
        <tbody>
          {value.toReversed().map(({ id: name, state, appliedAt, durationMs, author }) => (
            <tr key={name}>
              <td class="value">
                <Text value={name} />
              </td>
              <td>
                <span class={state === 'applied' ? 'http-ok' : state === 'pending' ? 'http-warn' : 'http-error'}>
                  {state}
                </span>{' '}
                <span class="dim">{meanings[state]}</span>
              </td>
              <td class="time">{appliedAt === undefined ? '' : dateAndClock(Date.parse(appliedAt)).slice(0, 19)}</td>
              <td class="number">{durationMs === undefined ? '' : duration(durationMs)}</td>
              <td class="value">
                <Text value={author ?? ''} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
