import type { FastifyReply, onRequestHookHandler } from 'fastify'
import type { Contract } from '../../contract/contract.ts'
import { TooManyRequests } from '../../contract/errors.ts'
import type { Operation } from '../../contract/operation.ts'
import type { Logger } from '../../log/logger.ts'
import type { Metrics } from '../../metrics/metrics.ts'
import { RateLimitMetrics } from '../../metrics/rateLimits.ts'
import { ArrivalTimes } from '../../resilience/arrivalTimes.ts'
import { quotaOf, type Quota } from '../../resilience/gcra.ts'
import type { Database } from '../../sql/index.ts'
import { ConfigError } from '../config.ts'
import { compileKeyOf } from './keyOf.ts'
import type { RateLimitOptions } from './options.ts'
import { postgresStore } from './postgres.ts'
import { SharedLimiter } from './shared.ts'
import type { RateLimitStore } from './store.ts'

/** The rate limits of a service's operations. */
export class RateLimits {
  readonly #service: string
  readonly #options: RateLimitOptions
  readonly #metrics: RateLimitMetrics | undefined
  #limiter: ArrivalTimes | SharedLimiter = new ArrivalTimes()

  constructor({ name, operations }: Contract, options: RateLimitOptions = {}, metrics: Metrics) {
    this.#service = name
    this.#options = options
    const hasAny = Object.values(operations).some(({ rateLimit }) => rateLimit !== undefined)
    this.#metrics = hasAny ? new RateLimitMetrics(metrics) : undefined
  }

  /**
   * Begins to count where the options say; `db` is the service's own database, `memory` that of its workers together.
   *
   * @throws {ConfigError} when that is the database and there is none
   */
  async open(db: Database | undefined, memory: RateLimitStore | undefined, log: Logger): Promise<void> {
    if (!this.#metrics) return
    const store = await openStore(this.#options, db, memory)
    if (!store) return
    const { alone } = this.#metrics
    this.#limiter = new SharedLimiter(store, new ArrivalTimes(), {
      onAlone: () => alone.inc(),
      onChange: (error) => {
        if (error === undefined) log.info('rate limits are counted by all instances together again')
        else log.warn({ reason: reasonOf(error) }, 'rate limits are counted by this instance alone: their store failed')
      },
    })
  }

  /** Compiles the check of an operation's requests; none when it has no limit. */
  onRequest(name: string, { rateLimit }: Operation): onRequestHookHandler[] {
    if (!rateLimit) return []
    const { key, limit, windowMs } = rateLimit
    const quota = quotaOf(rateLimit)
    const keyOf = compileKeyOf(`${this.#service}.${name}`, key, this.#options.keys)
    const limited = this.#metrics!.limited(name)
    const refusal = new TooManyRequests(`more than ${limit} requests in ${windowMs} ms`)
    const policy = policyOf(limit, windowMs)

    const settle = (aheadUs: number, reply: FastifyReply, done: (error?: Error) => void): void => {
      tell(reply, quota, policy, aheadUs)
      if (aheadUs <= quota.burstUs) return done()
      limited.inc()
      done(refusal)
    }
    const check: onRequestHookHandler = (request, reply, done) => {
      const taken = this.#limiter.take(keyOf(request), quota)
      if (typeof taken === 'number') settle(taken, reply, done)
      else void taken.then((aheadUs) => settle(aheadUs, reply, done))
    }
    return [check]
  }
}

/** What says how much is left. */
export const rateLimitHeaders = [
  'ratelimit-policy',
  'ratelimit',
  'ratelimit-limit',
  'ratelimit-remaining',
  'ratelimit-reset',
] as const

/**
 * Says what is left: `RateLimit` and `RateLimit-Policy` as the draft has them now, and the three headers of its versions
 * up to 06, which are what callers read today. What resets, and when, is in whole seconds, rounded up.
 *
 * Source: https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
 */
function tell(reply: FastifyReply, { limit, intervalUs, burstUs }: Quota, policy: string, aheadUs: number): void {
  const isOver = aheadUs > burstUs
  const remaining = isOver ? 0 : Math.floor((burstUs - aheadUs) / intervalUs)
  // Of a refusal: when one request will pass, as `retry-after` says it. Else: when the quota will be whole again.
  const seconds = Math.ceil((isOver ? aheadUs - burstUs : aheadUs) / 1e6)
  reply.header('ratelimit-policy', policy)
  reply.header('ratelimit', `"default";r=${remaining};t=${seconds}`)
  reply.header('ratelimit-limit', limit)
  reply.header('ratelimit-remaining', remaining)
  reply.header('ratelimit-reset', seconds)
  if (isOver) reply.header('retry-after', seconds)
}

/** A window is told when it is one of whole seconds: the draft has no other. */
function policyOf(limit: number, windowMs: number): string {
  return windowMs % 1000 === 0 ? `"default";q=${limit};w=${windowMs / 1000}` : `"default";q=${limit}`
}

async function openStore(
  options: RateLimitOptions,
  db: Database | undefined,
  memory: RateLimitStore | undefined,
): Promise<RateLimitStore | undefined> {
  const { store = 'memory' } = options
  if (store === 'memory') return memory
  if (store !== 'postgres') return store
  if (!db) throw new ConfigError("rateLimits.store is 'postgres': set DATABASE_URL")
  const opened = postgresStore(db)
  await opened.prepare().catch(() => {}) // the database may be down; the first requests will try again
  return opened
}

function reasonOf(error: unknown): unknown {
  return error instanceof Error ? error.message : error
}
