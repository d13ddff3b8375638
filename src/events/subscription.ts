import type { ContractEvent } from '../contract/event.ts'

/** How the events of a subscription are handled. */
export interface SubscriptionOptions {
  /** Where a new subscription begins: with what is published from now on, with the oldest event that is left, or at a time. Default: `now`. */
  readonly from?: 'now' | 'beginning' | Date
  /** How often an event is handled again when that fails. Default: 25, over about three days. */
  readonly retries?: number
  /** Bounds of the wait before a retry, see jobs. */
  readonly backoff?: { readonly baseMs?: number; readonly capMs?: number }
  /** Milliseconds after which an attempt is canceled. Default: 60,000. */
  readonly timeoutMs?: number
  /** The most events that are handled at once in each process. */
  readonly concurrency?: number
  /** The most events that are handled at once over all instances. */
  readonly globalConcurrency?: number
  /** How many events may begin at once, and in each window, over all instances. */
  readonly rateLimit?: { readonly limit: number; readonly windowMs: number }
  /** Whether `db` is the transaction that ends the event. Default: true. */
  readonly transaction?: boolean
  /** What an event that has failed for the last time does to later ones of its key: `hold` has them wait. Default: `skip`. */
  readonly onDead?: 'skip' | 'hold'
}

/** An event of another service and what is done when it happens, before the types say of what. */
export interface Subscription extends SubscriptionOptions {
  readonly event: ContractEvent
  readonly handler: (context: never) => unknown
}

/** The subscriptions of a service, by name. */
export type Subscriptions = Readonly<Record<string, Subscription>>
