import { flag, func, group, number, oneOf, record, integer } from '../../../config/rules.ts'
import { optionsProblem, type Fields, type Rule } from '../../../config/rule.ts'
import type { Contract } from '../../../contract/contract.ts'
import type { ContractEvent } from '../../../contract/event.ts'
import type { Subscription, SubscriptionOptions, Subscriptions } from '../../../events/subscription.ts'
import { usesDatabase } from '../database.ts'

/** Options of a service that subscribes to events. */
export interface SubscriptionsOptions {
  /** Subscriptions: an event and a handler under each name. */
  readonly subscriptions?: Subscriptions
}

const rules: Fields<Subscription> = {
  event: {
    expected: 'an event of a contract, such as orderService.events.orderPlaced',
    accepts: (value) => typeof (value as Partial<ContractEvent> | null)?.service === 'string',
  },
  handler: func,
  from: {
    expected: `'now', 'beginning' or a Date`,
    accepts: (value) =>
      value === 'now' || value === 'beginning' || (value instanceof Date && !Number.isNaN(value.getTime())),
  },
  retries: integer(),
  backoff: group<NonNullable<SubscriptionOptions['backoff']>>({ baseMs: integer(), capMs: integer() }),
  timeoutMs: number({ min: 1, unit: 'ms' }),
  concurrency: integer({ min: 1 }),
  globalConcurrency: integer({ min: 1 }),
  rateLimit: group<NonNullable<SubscriptionOptions['rateLimit']>>({
    limit: integer({ min: 1 }),
    windowMs: integer({ min: 1 }),
  }),
  transaction: flag,
  onDead: oneOf(['skip', 'hold']),
}

/** The rule of `subscriptions`. */
export const subscriptionsRule: Rule = {
  ...record('subscriptions by name: { event, handler }'),
  problem(subscriptions: Subscriptions | undefined, path: string, options: object) {
    const { contract } = options as { readonly contract: Contract }
    for (const [name, one] of Object.entries(subscriptions ?? {})) {
      const problem = subscriptionProblem(one, contract)
      if (problem !== undefined) return `${path}.${name}: ${problem}`
    }
    if (usesDatabase(options)) return undefined
    const needs =
      Object.keys(subscriptions ?? {}).length > 0 ? path : Object.keys(contract.events).length > 0 && 'events'
    return needs ? `${needs}: events need a database: give the service models, migrations, or database: {}` : undefined
  },
}

function subscriptionProblem(one: Subscription, { name }: Contract): string | undefined {
  const problem = optionsProblem(one, rules)
  if (problem !== undefined) return problem
  const { event, handler, onDead, rateLimit } = one
  if (event === undefined || handler === undefined) return 'expected { event, handler }'
  if (event.service === name) return `${event.name} is an event of ${name} itself: enqueue a job instead`
  if (rateLimit && (rateLimit.limit === undefined || rateLimit.windowMs === undefined))
    return `rateLimit needs limit and windowMs, like { limit: 100, windowMs: 60_000 }`
  if (onDead === 'hold' && event.key === undefined)
    return `onDead 'hold' needs events with a key, and ${event.name} has none`
  return undefined
}
