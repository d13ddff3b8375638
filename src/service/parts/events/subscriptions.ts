import { readerName } from '../../../events/reader.ts'
import { Subscriber } from '../../../events/subscriber.ts'
import type { Subscription } from '../../../events/subscription.ts'
import { cursorTables } from '../../../events/tables.ts'
import type { Host, Part } from '../../part.ts'
import { openTargets } from '../clients.ts'
import { database } from '../database.ts'
import { jobs, type QueueConfig } from '../jobs/jobs.ts'
import { subscriptionTaskName } from '../jobs/tasks.ts'
import { metrics, type Metering } from '../metrics.ts'
import { feedSources } from './feedSource.ts'
import { subscriptionsRule, type SubscriptionsOptions } from './subscriptionsRule.ts'
import { reasonOf, transport } from './transport.ts'

/** Subscribes to events of other services, which become jobs of this one. */
export const subscriptions: Part<SubscriptionsOptions, QueueConfig> = {
  name: 'subscriptions',
  options: { subscriptions: subscriptionsRule },
  settings: { runJobs: jobs.settings!.runJobs },
  tables: cursorTables,
  needsTables: ({ subscriptions: declared }) => declared !== undefined,
  async open(host, { subscriptions: declared = {} }) {
    const entries = Object.entries(declared)
    if (entries.length === 0) return {}
    const { use, config, whenListening } = host
    const { home } = await use(database)
    const { outlet: jobOutlet } = await use(jobs)
    const targets = await openTargets(host)
    const { broker } = await use(transport)
    const feeds = feedSources(targets, host.contract.name)
    const subscribers = entries.map(([name, subscription]) => {
      const task = subscriptionTaskName(name)
      return new Subscriber({
        db: home!,
        name,
        task,
        reader: readerName(),
        source: broker?.source(host.contract.name, name, subscription) ?? feeds(subscription),
        onTaken: () => jobOutlet?.onStored(task, 0),
        onChange: (error) => logChange(host, name, subscription, error),
      })
    })
    watchLag(await use(metrics), entries, subscribers)
    whenListening(() => {
      if (config.runJobs) for (const one of subscribers) one.start()
    })
    return {
      stopTaking: async () => void (await Promise.all(subscribers.map((one) => one.stop()))),
      close: () => targets.close(),
    }
  },
}

/** Measures how far each subscription is behind. One instance reads, and all other ones have 0. */
function watchLag(
  { metrics: all }: Metering,
  entries: readonly (readonly [string, Subscription])[],
  subscribers: readonly Subscriber[],
): void {
  const lag = all.gauge('tricube_subscription_lag_seconds', {
    help: 'Seconds that the newest event was old when it arrived, or since the publisher last responded.',
    labels: ['subscription'],
    aggregator: 'max',
  })
  const gauges = entries.map(([subscription]) => lag.labels({ subscription }))
  all.onScrape(() => gauges.forEach((gauge, i) => gauge.set(subscribers[i]!.lagMs / 1000)))
}

function logChange({ log }: Pick<Host, 'log'>, name: string, { event }: Subscription, error: unknown): void {
  const fields = { subscription: name, publisher: event.service }
  if (error === undefined) log.info(fields, 'a subscription reaches its publisher again')
  else log.warn({ ...fields, reason: reasonOf(error) }, 'a subscription does not reach its publisher')
}
