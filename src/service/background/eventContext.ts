import type { ContractEvent, ContractEvents, PayloadOf } from '../../contract/event.ts'
import type { SubscriptionOptions } from '../../events/subscription.ts'
import type { Callees } from '../parts/calls.ts'
import type { WorkContext } from '../request/context.ts'

/** The context of an event handler: the event, and all that the context of an operation has except the request. */
export interface EventContext<
  Event extends ContractEvent = ContractEvent,
  Others extends Callees = {},
> extends WorkContext<Others> {
  /** The payload that was published. */
  readonly event: PayloadOf<Event>
  /** Unique among the events of its publisher. */
  readonly eventId: string
  readonly publishedAt: Date
  /** From 1. */
  readonly attempt: number
  /** Key of this event and subscription, the same at each attempt. Pass it to calls that are idempotent by key. */
  readonly idempotencyKey: string
}

/** A subscription: an event of another service, and its handler. */
export interface SubscriptionTo<
  Event extends ContractEvent,
  Others extends Callees,
  Own = unknown,
> extends SubscriptionOptions {
  /** An event of another contract, such as `orderService.events.orderPlaced`. */
  readonly event: Event
  /** Handles each published event once. */
  handler(context: EventContext<Event, Others> & Own): unknown
}

/** Subscriptions under names that the service chooses. */
export type SubscriptionsTo<Events extends ContractEvents, Others extends Callees, Own = unknown> = {
  readonly [Name in keyof Events]: SubscriptionTo<Events[Name], Others, Own>
}
