import type { ContractEvent } from '../contract/event.ts'

/** How the events of a subscription are handled. */
export interface SubscriptionOptions {
  /** Where a new subscription starts: with new events, the oldest stored event, or the events after a time. Default: `now`. */
  readonly from?: 'now' | 'beginning' | Date
  /** How often a failed event is retried. Default: 25, over about three days. */
  readonly retries?: number
  /** Bounds of the wait before a retry, in milliseconds. */
  readonly backoff?: { readonly baseMs?: number; readonly capMs?: number }
  /** Milliseconds after which an attempt is cancelled. Default: 60,000. */
  readonly timeoutMs?: number
  /** The maximum number of events that each process handles at once. */
  readonly concurrency?: number
  /** The maximum number of events that all instances handle at once. */
  readonly globalConcurrency?: number
  /** How many events all instances may start in each window. They may all start at once. */
  readonly rateLimit?: { readonly limit: number; readonly windowMs: number }
  /** Whether `db` is the transaction that ends the event. Default: true. */
  readonly transaction?: boolean
  /** Whether a dead event makes later events of its key wait (`hold`) or not (`skip`). Default: `skip`. */
  readonly onDead?: 'skip' | 'hold'
}

/** An event of another service and its handler, without the types of the event. */
export interface Subscription extends SubscriptionOptions {
  readonly event: ContractEvent
  readonly handler: (context: never) => unknown
}

/** The subscriptions of a service, by name. */
export type Subscriptions = Readonly<Record<string, Subscription>>
