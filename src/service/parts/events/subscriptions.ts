import type { StoreChange, StoreFailure } from '../../../events/cursors.ts'
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
    const { db, home } = await use(database)
    const cursors = home ?? db!.shard(db!.shards.names[0]!)
    const { outlet: jobOutlet } = await use(jobs)
    const targets = await openTargets(host)
    const { broker } = await use(transport)
    const feeds = feedSources(targets, host.contract.name)
    const subscribers = entries.map(([name, subscription]) => {
      const task = subscriptionTaskName(name)
      return new Subscriber({
        db: cursors,
        name,
        task,
        reader: readerName(),
        from: subscription.from ?? 'now',
        source: broker?.source(host.contract.name, name, subscription) ?? feeds(subscription),
        onTaken: () => jobOutlet?.onStored(task, 0),
        onAnew: (changes) => logAnew(host, name, subscription, changes),
        onFailing: (failures) => logFailing(host, name, subscription, failures),
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

function logAnew(
  { log }: Pick<Host, 'log'>,
  name: string,
  { event }: Subscription,
  changes: readonly StoreChange[],
): void {
  for (const { store, change } of changes) {
    const fields = { subscription: name, publisher: event.service, ...(store !== '' && { shard: store }) }
    log.error(fields, anew[change])
  }
}

const anew = {
  replaced: 'the publisher has another database: the subscription has begun anew, with the oldest event in it',
  restored:
    'the database of the publisher was restored to an earlier state: the subscription goes on from there, and handles some events again',
} as const

function logFailing(
  { log }: Pick<Host, 'log'>,
  name: string,
  { event }: Subscription,
  failures: readonly StoreFailure[],
): void {
  const fields = { subscription: name, publisher: event.service }
  if (failures.length === 0) log.info(fields, 'a subscription gets the events of all shards of its publisher again')
  else log.warn({ ...fields, failures }, 'a subscription does not get the events of some shards of its publisher')
}
