import type { ContractEvent, ContractEvents, PayloadOf } from '../../contract/event.ts'
import type { SubscriptionOptions } from '../../events/subscription.ts'
import type { Callees } from '../parts/calls.ts'
import type { WorkContext } from '../request/context.ts'

/** What the handler of an event gets: what was published, and everything that a handler of an operation has besides the request. */
export interface EventContext<
  Event extends ContractEvent = ContractEvent,
  Others extends Callees = {},
> extends WorkContext<Others> {
  /** What was published. */
  readonly event: PayloadOf<Event>
  /** Names the event among all those of its publisher. */
  readonly eventId: string
  readonly publishedAt: Date
  /** From 1. */
  readonly attempt: number
  /** Names the event for this subscription, the same at each attempt. Give it to what can do something once for a key. */
  readonly idempotencyKey: string
}

/** An event of another service, and what is done when it happens. */
export interface SubscriptionTo<
  Event extends ContractEvent,
  Others extends Callees,
  Own = unknown,
> extends SubscriptionOptions {
  /** Of another contract, such as `orderService.events.orderPlaced`. */
  readonly event: Event
  /** Is called once for each event that was published. */
  handler(context: EventContext<Event, Others> & Own): unknown
}

/** A subscription to each of some events, under names of the service's own. */
export type SubscriptionsTo<Events extends ContractEvents, Others extends Callees, Own = unknown> = {
  readonly [Name in keyof Events]: SubscriptionTo<Events[Name], Others, Own>
}
