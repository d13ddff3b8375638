import type { ComponentChildren, JSX } from 'preact'
import type { DeclaredJob, DeclaredSubscription, EventWithSubscribers, ShownWork } from '../model/declaredWork.ts'
import { useJson } from './api.ts'
import { count } from './format.ts'
import { hrefOf } from './route.ts'
import { Text } from './text.tsx'
import { Type } from './type.tsx'

/** The events that a service publishes, those that it subscribes to, and its jobs. */
export function Work({ name }: { readonly name: string }): JSX.Element {
  const { value } = useJson<ShownWork>(`api/services/${encodeURIComponent(name)}/work`)
  if (!value) return <></>
  const { events, subscriptions, jobs } = value
  return (
    <>
      <Section title={count(events.length, 'event')} length={events.length}>
        {events.map((event) => (
          <Event key={event.name} service={name} event={event} />
        ))}
      </Section>
      <Section title={count(subscriptions.length, 'subscription')} length={subscriptions.length}>
        <ul class="plain">
          {subscriptions.map((subscription) => (
            <Subscription key={subscription.name} {...subscription} />
          ))}
        </ul>
      </Section>
      <Section title={count(jobs.length, 'job')} length={jobs.length}>
        {jobs.map((job) => (
          <Job key={job.name} service={name} job={job} />
        ))}
      </Section>
    </>
  )
}

interface SectionProps {
  readonly title: string
  readonly length: number
  readonly children: ComponentChildren
}

function Section({ title, length, children }: SectionProps): JSX.Element {
  if (length === 0) return <></>
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  )
}

function Event({ service, event }: { readonly service: string; readonly event: EventWithSubscribers }): JSX.Element {
  const { name, description, key, payload, subscribers } = event
  return (
    <Entry name={name} description={description}>
      <p>
        <a href={hrefOf('jobs/events', { service, name })}>Published events</a>
        {key !== undefined && (
          <>
            {' '}
            · in order for each <Text value={key} />
          </>
        )}
      </p>
      <Type title="Payload" schema={payload} />
      <h3>Subscribers</h3>
      <ul class="plain">
        {subscribers.map((subscriber) => (
          <li key={`${subscriber.service} ${subscriber.name}`}>
            <a href={hrefOf(`contracts/${encodeURIComponent(subscriber.service)}`)}>
              <Text value={subscriber.service} />
            </a>
            : <Text value={subscriber.name} />
          </li>
        ))}
        {subscribers.length === 0 && <li class="dim">None of these services.</li>}
      </ul>
    </Entry>
  )
}

function Subscription({ name, publisher, event }: DeclaredSubscription): JSX.Element {
  return (
    <li>
      <Text value={name} />: <Text value={event} /> of{' '}
      <a href={hrefOf(`contracts/${encodeURIComponent(publisher)}`)}>
        <Text value={publisher} />
      </a>
    </li>
  )
}

function Job({ service, job }: { readonly service: string; readonly job: DeclaredJob }): JSX.Element {
  const { name, description, input, schedule } = job
  return (
    <Entry name={name} description={description}>
      <p>
        <a href={hrefOf('jobs/jobs', { service, name })}>Its waiting and dead jobs</a>
        {schedule !== undefined && (
          <>
            {' '}
            · runs at <Text value={schedule} />
          </>
        )}
      </p>
      <Type title="Input" schema={input} />
    </Entry>
  )
}

interface EntryProps {
  readonly name: string
  readonly description: string | undefined
  readonly children: ComponentChildren
}

function Entry({ name, description, children }: EntryProps): JSX.Element {
  return (
    <details>
      <summary>
        <Text value={name} />{' '}
        {description !== undefined && (
          <span class="dim">
            <Text value={description} />
          </span>
        )}
      </summary>
      {children}
    </details>
  )
}
