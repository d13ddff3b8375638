import { randomUUID } from 'node:crypto'
import { contract, redisStore, service, type Quota, type RateLimitOptions, type RateLimitStore } from 'tricube'
import { faultProxy } from 'tricube/testing'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ArrivalTimes } from '../../src/resilience/arrivalTimes.ts'
import { quotaOf } from '../../src/resilience/gcra.ts'
import { Application } from '../../src/service/application.ts'
import { SharedLimiter } from '../../src/service/parts/rateLimits/shared.ts'
import { freshDatabase } from '../sql/freshDatabase.ts'
import { realRedis, redisBinary } from './realRedis.ts'

/** A limiter over a store of the test, on a virtual clock. */
function shared(take: RateLimitStore['take']) {
  const clock = { ms: 1000 }
  const reported: unknown[] = []
  let alone = 0
  const queries: string[] = []
  const limiter = new SharedLimiter(
    {
      take(key, quota) {
        queries.push(key)
        return take(key, quota)
      },
    },
    new ArrivalTimes({ nowUs: () => clock.ms * 1000 }),
    { onAlone: () => (alone += 1), onChange: (error) => reported.push(error) },
  )
  const passes = async (key: string, quota: Quota): Promise<boolean> =>
    (await limiter.take(key, quota)) <= quota.burstUs
  return { clock, reported, queries, passes, alone: () => alone }
}

describe('an instance with a shared store', () => {
  const quota = quotaOf({ limit: 2, windowMs: 1000 })

  it('does not query the store for a key that it knows to be over its limit', async () => {
    const store = new ArrivalTimes({ nowUs: () => clock.ms * 1000 })
    const { clock, queries, passes } = shared((key) => Promise.resolve(store.take(key, quota)))
    for (let n = 0; n < 3; n++) await passes('a', quota)
    expect(queries.length).toBe(2) // the second response said that nothing is left
    for (let n = 0; n < 100; n++) expect(await passes('a', quota)).toBe(false)
    expect(queries.length).toBe(2)
    clock.ms += 500
    expect([await passes('a', quota), await passes('a', quota), queries.length]).toEqual([true, false, 3])
  })

  it('learns from a rejection what other instances have used', async () => {
    const { clock, queries, passes } = shared(() => Promise.resolve(quota.burstUs + quota.intervalUs))
    expect([await passes('a', quota), await passes('a', quota), queries.length]).toEqual([false, false, 1])
    clock.ms += 500
    expect([await passes('a', quota), queries.length]).toEqual([false, 2])
  })

  it('grants exactly what one counter for all would grant', async () => {
    const request = fc.record({
      by: fc.nat(2),
      key: fc.constantFrom('a', 'b'),
      waitMs: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 700 })),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(request, { maxLength: 100 }), async (requests) => {
        let ms = 0
        const counter = (): ArrivalTimes => new ArrivalTimes({ nowUs: () => ms * 1000 })
        const [one, store] = [counter(), counter()]
        // Each has a clock of its own, that began at another time.
        const instances = [0, 1, 2].map(() => shared((key) => Promise.resolve(store.take(key, quota))))
        for (const { by, key, waitMs } of requests) {
          ms += waitMs
          for (const [n, { clock }] of instances.entries()) clock.ms = ms + n * 12_345
          expect(await instances[by]!.passes(key, quota)).toBe(one.take(key, quota) <= quota.burstUs)
        }
      }),
    )
  })

  it('shows the store neither a key nor its length', async () => {
    const { queries, passes } = shared(() => Promise.resolve(1))
    await passes('api-key-1234', quota)
    await passes('k'.repeat(5000), quota)
    expect(queries.every((key) => /^[\w-]{43}$/.test(key))).toBe(true)
    expect(new Set(queries).size).toBe(2)
  })

  it.each([
    ['fails', () => Promise.reject(new Error('connection refused')), 'connection refused'],
    ['never responds', () => new Promise<number>(() => {}), 'no response within 50 ms'],
    ['returns NaN', () => Promise.resolve(Number.NaN), 'the rate limit store returned NaN, expected a number'],
  ])(
    'counts alone when the store %s, queries it once a second, and reports failure and recovery',
    async (_what, fail, reason) => {
      let isDown = false
      const store = new ArrivalTimes({ nowUs: () => clock.ms * 1000 })
      const { clock, reported, queries, passes, alone } = shared((key) =>
        isDown ? fail() : Promise.resolve(store.take(key, quota)),
      )
      expect(await passes('a', quota)).toBe(true)
      isDown = true
      expect(await passes('a', quota)).toBe(true) // from where it knew the store to be
      expect(await passes('a', quota)).toBe(false)
      expect([await passes('b', quota), await passes('b', quota), await passes('b', quota)]).toEqual([
        true,
        true,
        false,
      ])
      expect([queries.length, alone()]).toEqual([2, 3])
      expect(reported).toEqual([expect.objectContaining({ message: reason })])

      clock.ms += 1000
      await Promise.all([passes('c', quota), passes('d', quota), passes('e', quota)])
      expect([queries.length, reported.length]).toEqual([3, 1])
      isDown = false
      clock.ms += 1000
      expect(await passes('f', quota)).toBe(true)
      expect([queries.length, reported.length, reported[1]]).toEqual([4, 2, undefined])
      expect([await passes('f', quota), await passes('f', quota)]).toEqual([true, false])
    },
  )
})

const limited = contract('limited-service', {
  ping: { route: 'GET /ping', rateLimit: { key: { header: 'x-key' }, limit: 5, windowMs: 3_600_000 } },
})

async function instance(store: RateLimitOptions['store'], databaseUrl?: string): Promise<string> {
  const { definition } = service(limited, { rateLimits: { store: store! }, handlers: { ping() {} } })
  const app = new Application(definition, { config: { logLevel: 'silent', port: 0, databaseUrl } })
  onTestFinished(() => app.close())
  return (await app.listen()).url
}

/** Sends requests to each URL in turn. */
async function pings(urls: readonly string[], times: number, key = 'a'): Promise<number[]> {
  const statuses: number[] = []
  for (let n = 0; n < times; n++) {
    const { status } = await fetch(`${urls[n % urls.length]!}/ping`, { headers: { 'x-key': key } })
    statuses.push(status)
  }
  return statuses
}

async function countedAlone(url: string): Promise<number> {
  const text = await fetch(`${url}/metrics`).then((response) => response.text())
  return Number(/^tricube_rate_limit_store_failures_total (\d+)$/m.exec(text)![1])
}

/** What seven pings of a new key come to when the store responses all of them in time, which a busy machine may delay. */
async function together(a: string, b: string): Promise<number[]> {
  const alone = async (): Promise<number> => (await countedAlone(a)) + (await countedAlone(b))
  return vi.waitFor(
    async () => {
      const before = await alone()
      const statuses = await pings([a, b], 7, randomUUID())
      expect(await alone()).toBe(before)
      return statuses
    },
    { timeout: 30_000, interval: 300 },
  )
}

const five = [200, 200, 200, 200, 200]

describe('two instances', { timeout: 60_000 }, () => {
  it('grant one limit over PostgreSQL, one each while it is down, and one again afterwards', async () => {
    await using database = await freshDatabase()
    await using proxy = await faultProxy({ target: database.url })
    const [a, b] = [await instance('postgres', proxy.url), await instance('postgres', proxy.url)]
    expect(await together(a, b)).toEqual([...five, 429, 429])
    await pings([a, b], 12)

    const up = proxy.add({ type: 'down' })
    const before = await countedAlone(a)
    expect(await pings([a, b], 4)).toEqual([429, 429, 429, 429]) // what they know is not lost
    expect(await pings([a, b], 12, 'b')).toEqual([...five, ...five, 429, 429])
    expect(await countedAlone(a)).toBe(before + 5)

    await up()
    expect(await together(a, b)).toEqual([...five, 429, 429])
  })

  it('start without the database', async () => {
    await using database = await freshDatabase()
    await using proxy = await faultProxy({ target: database.url })
    proxy.add({ type: 'down' })
    const a = await instance('postgres', proxy.url)
    expect([await pings([a], 6), await countedAlone(a)]).toEqual([[...five, 429], 5])
  })

  it.skipIf(!redisBinary)('grant one limit over Redis, and respond when Redis is down', async () => {
    const redis = await realRedis()
    const store = redisStore((script, keys, args) => redis.eval(script, keys, args))
    const [a, b] = [await instance(store), await instance(store)]
    expect(await together(a, b)).toEqual([...five, 429, 429])
    redis.freeze()
    expect(await pings([a, b], 12, 'b')).toEqual([...five, ...five, 429, 429])
    redis.thaw()
    expect(await pings([a, b], 4, 'b')).toEqual([429, 429, 429, 429])
  })
})
