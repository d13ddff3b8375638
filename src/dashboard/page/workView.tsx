import type { JSX } from 'preact'
import type { ServiceWork } from '../model/work.ts'
import { EventList } from './eventList.tsx'
import { JobList } from './jobList.tsx'
import { usePolled } from './polled.ts'
import { hrefOf, replaceAddress } from './route.ts'
import { Schedules } from './schedules.tsx'
import { Subscriptions } from './subscriptions.tsx'
import { Text } from './text.tsx'
import { Empty, Select } from './ui.tsx'
import type { ViewProps } from './viewProps.ts'
import type { WorkProps } from './workProps.ts'

const everyMs = 2000
const tabs = [
  ['jobs', 'Jobs'],
  ['subscriptions', 'Subscriptions'],
  ['schedules', 'Schedules'],
  ['events', 'Events'],
] as const

/** Jobs, subscriptions, schedules and events of all services. */
export function WorkView({ address: { path, query } }: ViewProps): JSX.Element {
  const { value: works, error, reload } = usePolled<readonly ServiceWork[]>('api/work', everyMs)
  if (!works) return error ? <Empty title="Nothing to show">{error.message}</Empty> : <></>
  if (works.length === 0) {
    return (
      <Empty title="No jobs and no events">
        <p>None of your services has a database, which is where jobs and events are stored.</p>
      </Empty>
    )
  }
  const tab = tabs.find(([name]) => name === path[1])?.[0] ?? 'jobs'
  const filter = Object.fromEntries(query)
  const { service } = filter
  const shown = service ? works.filter((work) => work.service === service) : works
  const linkTo: WorkProps['linkTo'] = (changed) => hrefOf(`jobs/${tab}`, { ...filter, ...changed })
  const props: WorkProps = { works: shown, query: filter, linkTo, reload }
  return (
    <div class="full">
      <h1 class="visually-hidden">Jobs and events</h1>
      <div class="toolbar">
        <nav class="tabs" aria-label="Jobs and events">
          {tabs.map(([name, title]) => (
            <a key={name} href={hrefOf(`jobs/${name}`, { service })} aria-current={name === tab ? 'page' : undefined}>
              {title} <span class="dim number">{counted(name, works)}</span>
            </a>
          ))}
        </nav>
        <Select
          label="Service"
          value={service ?? ''}
          options={[['', 'All services'], ...works.map((work) => [work.service, work.service] as const)]}
          onChange={(name) => replaceAddress(linkTo({ service: name, id: undefined, name: undefined }))}
        />
      </div>
      {shown.map(
        ({ service, problem }) =>
          problem !== undefined && (
            <p key={service} class="bad notice" role="alert">
              <Text value={`${service}: ${problem}`} />
            </p>
          ),
      )}
      {tab === 'jobs' && <JobList {...props} />}
      {tab === 'subscriptions' && <Subscriptions {...props} />}
      {tab === 'schedules' && <Schedules {...props} />}
      {tab === 'events' && <EventList {...props} />}
    </div>
  )
}

function counted(tab: (typeof tabs)[number][0], works: readonly ServiceWork[]): string {
  const sum = (of: (work: ServiceWork) => number): number => works.reduce((total, work) => total + of(work), 0)
  if (tab === 'subscriptions') return String(sum(({ subscriptions }) => subscriptions.length))
  if (tab === 'schedules') return String(sum(({ schedules }) => schedules.length))
  if (tab === 'events') return ''
  return String(sum(({ queues }) => queues.reduce((n, { waiting, running, dead }) => n + waiting + running + dead, 0)))
}
