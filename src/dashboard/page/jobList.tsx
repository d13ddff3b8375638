import type { JSX } from 'preact'
import type { JobRow, QueueRow } from '../model/work.ts'
import { useChange } from './change.ts'
import { ConfirmButton } from './confirmButton.tsx'
import { count, dateAndClock, span } from './format.ts'
import { Grid, GridRow } from './grid.tsx'
import { JobDetail } from './jobDetail.tsx'
import { usePolled } from './polled.ts'
import { replaceAddress } from './route.ts'
import { Text } from './text.tsx'
import { Empty, Select, ServiceName } from './ui.tsx'
import type { WorkProps } from './workProps.ts'

const everyMs = 2000

/** Jobs: how many of each name, and each of them. */
export function JobList({ works, query, linkTo, reload }: WorkProps): JSX.Element {
  const { service = '', state = '', name = '', id = '' } = query
  const jobs = usePolled<readonly JobRow[]>(`api/jobs?${new URLSearchParams({ service, state, name })}`, everyMs)
  const selected = jobs.value?.find((job) => `${job.service} ${job.id}` === id)
  const queues = works.flatMap((work) => work.queues.map((queue) => ({ ...queue, service: work.service })))
  const refresh = (): void => {
    jobs.reload()
    reload()
  }
  return (
    <div class={selected ? 'split' : 'split whole'}>
      <div class="scroll">
        {queues.length > 0 && (
          <section aria-labelledby="queues">
            <h2 id="queues">{count(queues.length, 'queue')}</h2>
            <Grid caption="Queues" heads={['Job', 'Service*', 'Waiting', 'Running', 'Dead', 'Oldest due*', 'Actions']}>
              {queues.map((queue) => (
                <Queue
                  key={`${queue.service} ${queue.name}`}
                  queue={queue}
                  isSelected={queue.name === name && queue.service === service}
                  href={linkTo({ service: queue.service, name: queue.name, id: undefined })}
                  onChanged={refresh}
                />
              ))}
            </Grid>
          </section>
        )}
        <section aria-labelledby="jobs">
          <div class="section-head">
            <h2 id="jobs">{name ? <Text value={name} /> : 'All jobs'}</h2>
            <Select
              label="State"
              value={state}
              options={[
                ['', 'All states'],
                ['waiting', 'Waiting'],
                ['running', 'Running'],
                ['dead', 'Dead'],
              ]}
              onChange={(value) => replaceAddress(linkTo({ state: value, id: undefined }))}
            />
            {name !== '' && <a href={linkTo({ name: undefined, service: undefined, id: undefined })}>All queues</a>}
          </div>
          {jobs.value?.length === 0 && <NoJobs isFiltered={Boolean(state || name)} hasQueues={queues.length > 0} />}
          {jobs.value !== undefined && jobs.value.length > 0 && (
            <Grid caption="Jobs" heads={['Job', 'State', 'Attempt*', 'When', 'Key*', 'Last error or input']}>
              {jobs.value.map((job) => (
                <GridRow
                  key={`${job.service} ${job.id}`}
                  href={linkTo({ id: `${job.service} ${job.id}` })}
                  isSelected={job === selected}
                  first={
                    <>
                      <span class="number dim">{job.id}</span> <Text value={job.name} />
                    </>
                  }
                  cells={[
                    [`job-${job.state}`, job.state],
                    ['number wide', job.attempt],
                    ['number', <span title={whenTitle(job)}>{whenText(job)}</span>],
                    ['wide', <Text value={job.key ?? ''} />],
                    [
                      'rest',
                      job.error ? (
                        <span class="bad">
                          <Text value={`${job.error.name}: ${job.error.message.split('\n')[0]}`} />
                        </span>
                      ) : (
                        <code class="dim">
                          <Text value={job.input} />
                        </code>
                      ),
                    ],
                  ]}
                />
              ))}
            </Grid>
          )}
        </section>
      </div>
      {selected && (
        <aside class="detail" aria-label="Job">
          <JobDetail key={id} job={selected} closeHref={linkTo({ id: undefined })} onChanged={refresh} />
        </aside>
      )}
    </div>
  )
}

interface QueueProps {
  readonly queue: QueueRow & { readonly service: string }
  readonly isSelected: boolean
  readonly href: string
  readonly onChanged: () => void
}

function Queue({ queue, isSelected, href, onChanged }: QueueProps): JSX.Element {
  const { service, name, waiting, running, dead, oldestSeconds } = queue
  const { outcome, run } = useChange(onChanged)
  const path = `api/queues/${encodeURIComponent(service)}/${encodeURIComponent(name)}`
  const done =
    (verb: string) =>
    ({ count: n }: { readonly count: number }): string =>
      `${count(n, 'job')} ${verb}`
  return (
    <GridRow
      href={href}
      isSelected={isSelected}
      first={<Text value={name} />}
      cells={[
        ['wide', <ServiceName name={service} />],
        ['number', waiting],
        ['number', running],
        [dead > 0 ? 'number bad' : 'number', dead],
        ['number wide', oldestSeconds === null ? '–' : span(oldestSeconds * 1000)],
        [
          'buttons',
          <>
            {dead > 0 && (
              <ConfirmButton
                label="Retry dead"
                question={`Retry ${dead}?`}
                onConfirm={() => void run(`${path}/retry`, done('run again'))}
              />
            )}
            {waiting > 0 && (
              <ConfirmButton
                label="Cancel waiting"
                question={`Cancel ${waiting}?`}
                onConfirm={() => void run(`${path}/cancel`, done('cancelled'))}
              />
            )}
            {outcome && (
              <span class={outcome.hasFailed ? 'bad' : 'dim'} role="status">
                <Text value={outcome.text} />
              </span>
            )}
          </>,
        ],
      ]}
    />
  )
}

function NoJobs({ isFiltered, hasQueues }: { readonly isFiltered: boolean; readonly hasQueues: boolean }): JSX.Element {
  if (isFiltered || hasQueues) return <p class="dim notice">No job matches.</p>
  return (
    <Empty title="No job waits, runs or is dead">
      <p>Jobs that are done leave the database. Their traces have what they did.</p>
    </Empty>
  )
}

/** A dead job that holds later jobs of its key has no time. */
function whenText({ state, at }: JobRow): string {
  const ms = Date.parse(at)
  if (Number.isNaN(ms)) return 'holds its key'
  const inMs = ms - Date.now()
  if (state === 'dead') return `${span(-inMs)} ago`
  if (state === 'running') return 'now'
  return inMs > 0 ? `in ${span(inMs)}` : `due for ${span(-inMs)}`
}

function whenTitle({ at }: JobRow): string {
  const ms = Date.parse(at)
  return Number.isNaN(ms) ? 'Later jobs of its key wait until you retry or cancel it' : dateAndClock(ms)
}
