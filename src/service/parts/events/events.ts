import { hostname } from 'node:os'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Contract } from '../../../contract/contract.ts'
import { BadRequest } from '../../../contract/errors.ts'
import { Feed, type FeedPage, type FeedQuery } from '../../../events/feed.ts'
import { deleteBefore } from '../../../events/log.ts'
import { Subscriber, type FetchFeed } from '../../../events/subscriber.ts'
import { cursorTables, logTables } from '../../../events/tables.ts'
import type { Subscription } from '../../../events/subscription.ts'
import { t } from '../../../schema/schema.ts'
import type { Database } from '../../../sql/index.ts'
import type { Host, Part } from '../../part.ts'
import { openTargets } from '../clients.ts'
import { database } from '../database.ts'
import { metrics, type Metering } from '../metrics.ts'
import { jobs, type QueueConfig } from '../jobs/jobs.ts'
import { subscriptionTaskName } from '../jobs/tasks.ts'
import { outlet } from '../jobs/outlet.ts'
import { subscriptionsRule, type SubscriptionsOptions } from './subscriptionsRule.ts'

const path = '/tricube/events'
/** How long events are kept, in milliseconds: a subscriber may be down for a week. */
const retentionMs = 7 * 86_400_000
const sweepEveryMs = 600_000
const maxWaitMs = 25_000
const maxEvents = 500

/** Serves the events of a service to its subscribers. */
export const eventLog: Part<{ readonly edge?: boolean }> = {
  name: 'events',
  tables: logTables,
  needsTables: ({ contract: { events } }) => Object.keys(events).length > 0,
  async open(host, { edge }) {
    const { contract, use, fastify, inFlight } = host
    if (Object.keys(contract.events).length === 0) return {}
    const { db, home } = await use(database)
    const { events } = await use(outlet)
    const stores = new Map<string, Database>(home ? [['', home]] : [])
    for (const name of db?.shards.names ?? []) stores.set(name, db!.shard(name))
    const feed = new Feed(contract.name, stores)
    events.onPublished = () => feed.published()
    // At the edge, no caller may read events.
    if (!edge) {
      fastify.get(path, async (request, reply) => {
        const signal = AbortSignal.any([inFlight.draining, callerSignal(reply)])
        return { code: 0, data: await feed.take(queryOf(request), signal) }
      })
    }
    const sweep = setInterval(() => {
      for (const store of stores.values()) void deleteBefore(store, retentionMs).catch(() => {})
    }, sweepEveryMs).unref()
    return {
      close() {
        clearInterval(sweep)
        return feed.close()
      },
    }
  },
}

/** Aborts when the caller hangs up. */
function callerSignal({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController()
  raw.once('close', () => gone.abort())
  return gone.signal
}

/** @throws {BadRequest} */
function queryOf({ query }: FastifyRequest): FeedQuery {
  const {
    after,
    from = 'now',
    names = '',
    limit,
    wait_ms: waitMs,
  } = query as Readonly<Record<string, string | undefined>>
  const start = from === 'now' || from === 'beginning' ? from : new Date(from)
  if (start instanceof Date && Number.isNaN(start.getTime()))
    throw new BadRequest('from: expected now, beginning or a time')
  return {
    after,
    from: start,
    names: names.split(','),
    limit: Math.min(maxEvents, Math.max(1, Math.floor(Number(limit ?? maxEvents)) || maxEvents)),
    waitMs: Math.min(maxWaitMs, Math.max(0, Number(waitMs ?? 0)) || 0),
  }
}

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
    const asks = new Map<string, FeedClient>()
    const clientOf = (service: string): FeedClient => {
      const known =
        asks.get(service) ??
        new (targets.open(feedContract(service), { retries: 0, breaker: false, ejection: false }))(nobody)
      asks.set(service, known as FeedClient)
      return known as FeedClient
    }
    const subscribers = entries.map(([name, subscription]) => {
      const task = subscriptionTaskName(name)
      return new Subscriber({
        db: home!,
        name,
        task,
        reader: `${hostname()} ${process.pid} ${Math.random().toString(36).slice(2)}`,
        ask: fetchOf(clientOf(subscription.event.service), subscription),
        onTaken: () => jobOutlet?.onStored(task, 0),
        onChange: (error) => tell(host, name, subscription, error),
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

const nobody = {}

/** The contract between publisher and subscriber: its calls are found, secured and traced as any other. */
function feedContract(service: string): Contract {
  const operations = {
    takeEvents: {
      route: `GET ${path}` as const,
      query: {
        after: t.Optional(t.String()),
        from: t.Optional(t.String()),
        names: t.String(),
        wait_ms: t.Integer(),
      },
      returns: t.Object({
        events: t.Array(
          t.Object({
            id: t.String(),
            name: t.String(),
            key: t.Union([t.String(), t.Null()]),
            payload: t.String(),
            trace: t.Union([t.String(), t.Null()]),
            publishedAt: t.Number(),
          }),
        ),
        position: t.String(),
      }),
      timeoutMs: 40_000,
      internal: true,
    },
  }
  return { name: service, operations, envelope: 'standard', events: {} }
}

interface FeedClient {
  takeEvents(input: object, options: object): Promise<FeedPage>
}

function fetchOf(client: FeedClient, { event, from = 'now' }: Subscription): FetchFeed {
  const start = from instanceof Date ? from.toISOString() : from
  return ({ after, waitMs, signal }) =>
    client.takeEvents(
      { query: { ...(after === undefined ? { from: start } : { after }), names: event.name, wait_ms: waitMs } },
      { signal },
    )
}

function tell({ log }: Pick<Host, 'log'>, name: string, { event }: Subscription, error: unknown): void {
  const fields = { subscription: name, publisher: event.service }
  if (error === undefined) log.info(fields, 'a subscription reaches its publisher again')
  else log.warn({ ...fields, reason: (error as Error).message }, 'a subscription does not reach its publisher')
}
