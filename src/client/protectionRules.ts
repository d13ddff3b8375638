import { either, exactly, group, integer, number } from '../config/rules.ts'
import type { Rule } from '../config/rule.ts'
import type { ThrottleOptions } from '../resilience/breaker.ts'
import type { RetryBudgetOptions } from '../resilience/retryBudget.ts'

const never = exactly(false)

/** The option `breaker` of calls. */
export const breakerRule: Rule = either(
  never,
  group<Omit<ThrottleOptions, 'random'>>({
    windowMs: number({ min: 1, unit: 'ms' }),
    protection: integer(),
    probeMs: number({ unit: 'ms' }),
  }),
)

/** The option `retryBudget` of calls. */
export const retryBudgetRule: Rule = either(
  never,
  group<RetryBudgetOptions>({ share: number(), perSecond: number(), windowMs: number({ min: 1, unit: 'ms' }) }),
)
