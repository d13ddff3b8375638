import type { JSX } from 'preact'
import { dateAndClock, span } from './format.ts'
import { Grid, GridRow } from './grid.tsx'
import { hrefOf } from './route.ts'
import { Text } from './text.tsx'
import { Empty, ServiceName } from './ui.tsx'
import type { WorkProps } from './workProps.ts'

/** When jobs with a schedule run next. */
export function Schedules({ works }: WorkProps): JSX.Element {
  const rows = works.flatMap(({ service, schedules }) => schedules.map((row) => ({ ...row, service })))
  if (rows.length === 0) {
    return (
      <Empty title="No schedule">
        <p>
          Give a job a <code>schedule</code>, and its next runs appear here.
        </p>
      </Empty>
    )
  }
  return (
    <div class="scroll">
      <Grid caption="Schedules" heads={['Job', 'Service*', 'Schedule', 'Next run', 'Then*']}>
        {rows.map(({ service, name, pattern, next: [first, ...later] }) => (
          <GridRow
            key={`${service} ${name}`}
            href={hrefOf('jobs/jobs', { service, name })}
            isSelected={false}
            first={<Text value={name} />}
            cells={[
              ['wide', <ServiceName name={service} />],
              [
                'wrap',
                <code>
                  <Text value={pattern} />
                </code>,
              ],
              ['number wrap', first === undefined ? 'never' : <Run atMs={first} />],
              [
                'number wide wrap',
                <span class="dim">{later.map((run) => dateAndClock(run).slice(0, 16)).join(' · ')}</span>,
              ],
            ]}
          />
        ))}
      </Grid>
      <p class="dim notice">Times are those of this browser.</p>
    </div>
  )
}

function Run({ atMs }: { readonly atMs: number }): JSX.Element {
  const inMs = atMs - Date.now()
  return (
    <>
      {dateAndClock(atMs).slice(0, 16)} <span class="dim">{inMs > 0 ? `in ${span(inMs)}` : 'now'}</span>
    </>
  )
}
