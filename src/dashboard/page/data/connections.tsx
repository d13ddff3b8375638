import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { isFailure, type ConnectionRow, type Connections, type DatabaseRow, type SessionRow } from '../../model/data.ts'
import { useJson } from '../api.ts'
import { count, duration } from '../format.ts'
import { Text } from '../text.tsx'
import { ServiceName, TableHead } from '../ui.tsx'
import { FailureBlock } from './failure.tsx'

const everyMs = 1000

/** The lanes and the pool of a service, and the sessions of its database, once a second. */
export function ConnectionsView({ database: { id, service } }: { readonly database: DatabaseRow }): JSX.Element {
  const { value, error, reload } = useJson<Connections>(`api/databases/${encodeURIComponent(id)}/connections`)
  useEffect(() => {
    const timer = setTimeout(() => document.hidden || reload(), everyMs)
    return () => clearTimeout(timer)
  }, [value, error])
  useEffect(() => {
    document.addEventListener('visibilitychange', reload)
    return () => document.removeEventListener('visibilitychange', reload)
  }, [])
  if (!value) return <></>
  return (
    <div class="contract" tabIndex={0} role="region" aria-label="Connections">
      <h1>
        Connections of <ServiceName name={service} />
      </h1>
      {isFailure(value.service) ? <FailureBlock failure={value.service} /> : <Servers rows={value.service} />}
      <h2>{isFailure(value.sessions) ? 'Sessions' : count(value.sessions.length, 'session')} of the database</h2>
      {isFailure(value.sessions) ? <FailureBlock failure={value.sessions} /> : <Sessions rows={value.sessions} />}
    </div>
  )
}

function Servers({ rows }: { readonly rows: readonly ConnectionRow[] }): JSX.Element {
  if (rows.length === 0) return <p class="dim">The service has not connected yet.</p>
  return (
    <table class="calls">
      <TableHead
        caption="Lanes and pool"
        heads={['Server', 'Lanes', 'In flight', 'Waiting', 'Pool in use', 'Idle', 'Waiting', 'Lag']}
      />
      <tbody>
        {rows.map(({ server, lanes, pool, lagMs }) => (
          <tr key={server}>
            <td>
              <Text value={server} />
            </td>
            <td class="number">
              {lanes.up} {lanes.down > 0 && <span class="bad">{lanes.down} down</span>}
            </td>
            <td class="number">{lanes.inFlight}</td>
            <td class={`number ${lanes.waiting > 0 ? 'flag' : ''}`}>{lanes.waiting}</td>
            <td class="number">{pool.used}</td>
            <td class="number">{pool.idle}</td>
            <td class={`number ${pool.waiting > 0 ? 'flag' : ''}`}>{pool.waiting}</td>
            <td class="number">{lagMs === undefined ? '' : duration(lagMs)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Sessions({ rows }: { readonly rows: readonly SessionRow[] }): JSX.Element {
  return (
    <table class="calls">
      <TableHead caption="Sessions" heads={['Process', 'Application', 'State', 'For', 'Waits for', 'Statement']} />
      <tbody>
        {rows.map(({ pid, application, state, seconds, wait, blockedBy, statement }) => (
          <tr key={pid}>
            <td class="number">{pid}</td>
            <td class="value">
              <Text value={application} />
            </td>
            <td>{state}</td>
            <td class="number">{duration(seconds * 1000)}</td>
            <td class={blockedBy ? 'bad' : 'dim'}>{blockedBy ? `blocked by ${blockedBy}` : wait}</td>
            <td class="value statement">
              <code>
                <Text value={statement.replaceAll(/\s+/g, ' ').slice(0, 300)} />
              </code>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
