import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { SubscriptionRow } from '../model/work.ts'
import { useChange } from './change.ts'
import { ConfirmButton } from './confirmButton.tsx'
import { count, dateAndClock, span } from './format.ts'
import { Grid, GridRow } from './grid.tsx'
import { hrefOf } from './route.ts'
import { Fields } from './spanDetail.tsx'
import { Text } from './text.tsx'
import { Empty, Select, ServiceName } from './ui.tsx'
import type { WorkProps } from './workProps.ts'

type Row = SubscriptionRow & { readonly service: string }

/** How far each subscription is behind its publisher. */
export function Subscriptions({ works, query, linkTo, reload }: WorkProps): JSX.Element {
  const rows = works.flatMap(({ service, subscriptions }) => subscriptions.map((row): Row => ({ ...row, service })))
  const idOf = ({ service, name }: Row): string => `${service} ${name}`
  const selected = rows.find((row) => idOf(row) === query['id'])
  if (rows.length === 0) {
    return (
      <Empty title="No subscription">
        <p>A service that handles events of another one appears here when it has started once.</p>
      </Empty>
    )
  }
  return (
    <div class={selected ? 'split' : 'split whole'}>
      <div class="scroll">
        <Grid
          caption="Subscriptions"
          heads={['Subscription', 'Service*', 'Event', 'Unread', 'Behind', 'Last read*', 'Reader*']}
        >
          {rows.map((row) => (
            <GridRow
              key={idOf(row)}
              href={linkTo({ id: idOf(row) })}
              isSelected={row === selected}
              first={<Text value={row.name} />}
              cells={[
                ['wide', <ServiceName name={row.service} />],
                ['', <EventName row={row} />],
                [`number ${row.lag && row.lag.events > 0 ? 'flag' : ''}`, unreadText(row)],
                ['number', behindText(row)],
                ['number wide', <span title={dateAndClock(Date.parse(row.readAt))}>{agoText(row.readAt)}</span>],
                ['wide', row.reader === null ? <span class="flag">nobody reads</span> : <Text value={row.reader} />],
              ]}
            />
          ))}
        </Grid>
      </div>
      {selected && (
        <aside class="detail" aria-label="Subscription">
          <SubscriptionDetail
            key={idOf(selected)}
            row={selected}
            closeHref={linkTo({ id: undefined })}
            onDone={reload}
          />
        </aside>
      )}
    </div>
  )
}

function EventName({ row: { publisher, event } }: { readonly row: Row }): JSX.Element {
  if (publisher === undefined || event === undefined) return <span class="dim">no longer declared</span>
  return (
    <>
      <ServiceName name={publisher} /> <Text value={event} />
    </>
  )
}

function unreadText({ lag, hasBegun }: Row): string {
  if (!hasBegun) return 'not begun'
  if (!lag) return '–'
  return lag.events >= 10_000 ? '10,000 or more' : lag.events.toLocaleString('en')
}

function behindText({ lag }: Row): string {
  if (!lag) return '–'
  return lag.ageMs === null ? 'up to date' : span(lag.ageMs)
}

function agoText(time: string): string {
  const ms = Date.parse(time)
  return Number.isNaN(ms) ? '–' : `${span(Date.now() - ms)} ago`
}

interface DetailProps {
  readonly row: Row
  readonly closeHref: string
  readonly onDone: () => void
}

function SubscriptionDetail({ row, closeHref, onDone }: DetailProps): JSX.Element {
  const { service, name, publisher, event, position, reader, readAt } = row
  const { outcome, run } = useChange(onDone)
  const [start, setStart] = useState('beginning')
  const [time, setTime] = useState(localTime(Date.now() - 3_600_000))
  const from = start === 'time' ? new Date(time).toISOString() : start
  const replay = (): void => {
    const path = `api/subscriptions/${encodeURIComponent(service)}/${encodeURIComponent(name)}/replay`
    void run(path, () => 'It begins anew.', { from })
  }
  return (
    <>
      <div class="detail-head">
        <h2>
          <ServiceName name={service} /> <Text value={name} />
        </h2>
        <a class="close" href={closeHref} aria-label="Close the subscription">
          ✕
        </a>
      </div>
      <p>
        Handles <EventName row={row} />
      </p>
      <section class="replay">
        <h3>Replay</h3>
        <p class="dim">Its handler runs again for the events since then.</p>
        <div class="buttons">
          <Select
            label="From"
            value={start}
            options={[
              ['beginning', 'From the oldest event'],
              ['time', 'From a time'],
              ['now', 'Skip what it has not read'],
            ]}
            onChange={setStart}
          />
          {start === 'time' && (
            <input
              type="datetime-local"
              aria-label="Time"
              step="1"
              value={time}
              onInput={({ currentTarget }) => currentTarget.value && setTime(currentTarget.value)}
            />
          )}
          <ConfirmButton label="Replay" question="Really replay?" onConfirm={replay} />
        </div>
        {outcome && (
          <p class={outcome.hasFailed ? 'bad' : 'good'} role="status">
            <Text value={outcome.text} />
          </p>
        )}
      </section>
      <p>
        <a href={hrefOf('jobs/jobs', { service, name: `on ${name}` })}>Events that wait, run or are dead</a>
        {publisher !== undefined && (
          <>
            {' · '}
            <a href={hrefOf('jobs/events', { service: publisher, name: event })}>Published events</a>
          </>
        )}
      </p>
      <Fields
        fields={{
          unread: row.lag ? count(row.lag.events, 'event') : 'unknown',
          position: position || 'none yet',
          'last read': dateAndClock(Date.parse(readAt)),
          reader: reader ?? 'nobody reads',
        }}
      />
    </>
  )
}

/** A time as a field for dates and times takes it. */
function localTime(ms: number): string {
  return dateAndClock(ms).slice(0, 19).replace(' ', 'T')
}
