import type { Contract } from '../../../contract/contract.ts'
import type { FeedPage } from '../../../events/feed.ts'
import type { Cursor } from '../../../events/cursors.ts'
import type { EventSource } from '../../../events/source.ts'
import type { Subscription } from '../../../events/subscription.ts'
import { t } from '../../../schema/schema.ts'
import type { Targets } from '../clients.ts'

/** Where a publisher serves its events. */
export const feedPath = '/tricube/events'
/** How long the publisher waits for an event, in milliseconds: less than the lease of a reader. */
const waitMs = 6000
const noCaller = {}

/** Reads subscriptions from the feeds of their publishers, with one client for each publisher. */
export function feedSources(targets: Targets, subscriber: string): (subscription: Subscription) => EventSource {
  const clients = new Map<string, FeedClient>()
  return (subscription) => {
    const { service } = subscription.event
    const client =
      clients.get(service) ??
      new (targets.open(feedContract(service), { retries: 0, breaker: false, ejection: false }))(noCaller)
    clients.set(service, client as FeedClient)
    return feedSource(client as FeedClient, subscriber, subscription)
  }
}

function feedSource(client: FeedClient, subscriber: string, { event, from = 'now' }: Subscription): EventSource {
  const declared = from instanceof Date ? from.toISOString() : from
  return {
    read(cursor, signal) {
      const { position } = cursor
      const start =
        position === '' ? { from: startOf(cursor, declared), wait_ms: 0 } : { after: position, wait_ms: waitMs }
      return client.takeEvents({ query: { ...start, names: event.name, subscriber } }, { signal })
    },
    reset() {},
  }
}

/** Returns where a subscription begins: it may have begun over a broker, before its first event. */
function startOf({ bookmark, begins }: Cursor, declared: string): string {
  const { since } = JSON.parse(bookmark ?? '{}') as { readonly since?: number }
  return since === undefined ? (begins ?? declared) : new Date(since).toISOString()
}

/** The contract between publisher and subscriber: its calls are found, secured and traced as any other. */
function feedContract(service: string): Contract {
  const operations = {
    takeEvents: {
      route: `GET ${feedPath}` as const,
      query: {
        after: t.Optional(t.String()),
        from: t.Optional(t.String()),
        names: t.String(),
        subscriber: t.String(),
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
        changes: t.Optional(
          t.Array(t.Object({ store: t.String(), change: t.Union([t.Literal('replaced'), t.Literal('restored')]) })),
        ),
        failures: t.Optional(t.Array(t.Object({ store: t.String(), reason: t.String() }))),
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
