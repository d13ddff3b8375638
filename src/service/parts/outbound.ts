import { group, integer, number } from '../../config/rules.ts'
import type { Fields } from '../../config/rule.ts'
import type { FetchOptions } from '../../client/outbound/host.ts'
import { Outbound, type Fetch } from '../../client/outbound/outbound.ts'
import { breakerRule, retryBudgetRule } from '../../client/protectionRules.ts'
import type { Opened, Part, RequestScope } from '../part.ts'
import { metrics } from './metrics.ts'

/** The options of calls to services without a contract. */
export interface OutboundOptions {
  /** How `ctx.fetch` calls services without a contract. */
  readonly fetch?: FetchOptions
}

/** Calls services without a contract. */
export interface OpenedOutbound extends Opened<Fetch> {
  forRequest(scope: RequestScope): Fetch
}

const rules: Fields<FetchOptions> = {
  timeoutMs: number({ min: 1, unit: 'ms' }),
  retries: integer(),
  breaker: breakerRule,
  retryBudget: retryBudgetRule,
}

/** Gives handlers a `fetch` that ends with the request. */
export const outbound: Part<OutboundOptions, {}, OpenedOutbound> = {
  name: 'fetch',
  options: { fetch: group<FetchOptions>(rules) },
  async open({ use }, { fetch: options = {} }) {
    const { calls } = await use(metrics)
    const all = new Outbound(options, calls, ({ name, stats }) => calls?.watch(name, () => ({ ...nothing, ...stats })))
    return { forRequest: (scope) => all.for(scope) }
  },
}

/** What only calls of contracts count. */
const nothing = { hedges: 0, ejections: 0, ejected: 0, instances: 1, laneCalls: 0, laneResends: 0, lanes: 0 }
