import type { FastifyReply, onRequestHookHandler } from 'fastify'
import { TooManyRequests } from '../../../contract/errors.ts'
import type { Contract } from '../../../contract/contract.ts'
import type { Operation } from '../../../contract/operation.ts'
import { RateLimitMetrics } from '../../../metrics/rateLimits.ts'
import { ArrivalTimes } from '../../../resilience/arrivalTimes.ts'
import { quotaOf } from '../../../resilience/gcra.ts'
import { ConfigError } from '../../../config/configError.ts'
import { group } from '../../../config/rules.ts'
import type { Host, Part } from '../../part.ts'
import { database } from '../database.ts'
import { metrics } from '../metrics.ts'
import { workers } from '../workers/workers.ts'
import { policyOf, setRateLimitHeaders } from './headers.ts'
import { compileKeyOf } from './key.ts'
import { keysRule, storeRule, type RateLimitOptions } from './options.ts'
import { postgresStore } from './postgres.ts'
import { SharedLimiter } from './shared.ts'
import type { RateLimitStore } from './store.ts'
import { tables } from './tables.ts'

/** Counts the requests of operations that have a rate limit. */
export const rateLimits: Part<{ readonly rateLimits?: RateLimitOptions }, {}, RateLimits> = {
  name: 'rate limits',
  options: { rateLimits: group<RateLimitOptions>({ store: storeRule, keys: keysRule }) },
  tables,
  needsTables: ({ contract, rateLimits: options }) => options?.store === 'postgres' && hasLimits(contract),
  async open(host, { rateLimits: options = {} }) {
    const { contract, use } = host
    const { metrics: all } = await use(metrics)
    if (!hasLimits(contract)) return new RateLimits(contract.name, options)
    const counts = new RateLimitMetrics(all)
    return new RateLimits(contract.name, options, counts, await openLimiter(host, options, counts))
  },
}

function hasLimits({ operations }: Contract): boolean {
  return Object.values(operations).some(({ rateLimit }) => rateLimit !== undefined)
}

/** Opens the counter that the options choose: of this instance, of all workers, or in a store. */
async function openLimiter(
  host: Host,
  options: RateLimitOptions,
  { alone }: RateLimitMetrics,
): Promise<ArrivalTimes | SharedLimiter> {
  const store = await openStore(host, options)
  if (!store) return new ArrivalTimes()
  const { log } = host
  return new SharedLimiter(store, new ArrivalTimes(), {
    onAlone: () => alone.inc(),
    onChange: (error) => {
      if (error === undefined) log.info('rate limits count the requests of all instances again')
      else
        log.warn(
          { reason: reasonOf(error) },
          'rate limits count only the requests of this instance: their store failed',
        )
    },
  })
}

/** The rate limits of a service's operations. */
export class RateLimits {
  readonly #service: string
  readonly #options: RateLimitOptions
  readonly #metrics: RateLimitMetrics | undefined
  readonly #limiter: ArrivalTimes | SharedLimiter

  constructor(
    service: string,
    options: RateLimitOptions,
    metrics?: RateLimitMetrics,
    limiter: ArrivalTimes | SharedLimiter = new ArrivalTimes(),
  ) {
    this.#service = service
    this.#options = options
    this.#metrics = metrics
    this.#limiter = limiter
  }

  /** Compiles the rate limit of an operation; undefined when it has none. */
  onRequest(name: string, { rateLimit }: Operation): onRequestHookHandler[] {
    if (!rateLimit) return []
    const { key, limit, windowMs } = rateLimit
    const quota = quotaOf(rateLimit)
    const keyOf = compileKeyOf(`${this.#service}.${name}`, key, this.#options.keys)
    const limited = this.#metrics!.limited(name)
    const rejection = new TooManyRequests(`more than ${limit} requests in ${windowMs} ms`)
    const policy = policyOf(limit, windowMs)

    const settle = (aheadUs: number, reply: FastifyReply, done: (error?: Error) => void): void => {
      setRateLimitHeaders(reply, quota, policy, aheadUs)
      if (aheadUs <= quota.burstUs) return done()
      limited.inc()
      done(rejection)
    }
    const check: onRequestHookHandler = (request, reply, done) => {
      const taken = this.#limiter.take(keyOf(request), quota)
      if (typeof taken === 'number') settle(taken, reply, done)
      else void taken.then((aheadUs) => settle(aheadUs, reply, done))
    }
    return [check]
  }
}

async function openStore({ use }: Host, { store = 'memory' }: RateLimitOptions): Promise<RateLimitStore | undefined> {
  if (store === 'memory') return (await use(workers)).rateLimits
  if (store !== 'postgres') return store
  const { home } = await use(database)
  if (!home) throw new ConfigError("rateLimits.store is 'postgres': set DATABASE_URL")
  return postgresStore(home)
}

function reasonOf(error: unknown): unknown {
  return error instanceof Error ? error.message : error
}
