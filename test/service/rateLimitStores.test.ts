import { redisStore, type Quota, type RateLimitStore } from 'tricube'
import { database, type Database } from 'tricube/sql'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ArrivalTimes } from '../../src/resilience/arrivalTimes.ts'
import { quotaOf } from '../../src/resilience/gcra.ts'
import { postgresStore } from '../../src/service/parts/rateLimits/postgres.ts'
import { tables } from '../../src/service/parts/rateLimits/tables.ts'
import { prepareTables } from '../../src/tables/prepare.ts'
import { freshDatabase } from '../sql/freshDatabase.ts'
import { realRedis, redisBinary } from './realRedis.ts'

const rooms = [{ name: 'rate limits', versions: tables }]
/** An hour, so that nothing comes back while a slow machine tests. */
const hour = quotaOf({ limit: 10, windowMs: 3_600_000 })
const passed = (ahead: number, { burstUs }: Quota): boolean => ahead <= burstUs

async function freshUrl(): Promise<string> {
  const fresh = await freshDatabase()
  onTestFinished(() => fresh[Symbol.asyncDispose]())
  return fresh.url
}

async function open(url: string): Promise<Database> {
  const db = await database({ url })
  onTestFinished(() => db.close())
  return db
}

const stores: [string, boolean, () => Promise<[RateLimitStore, RateLimitStore]>][] = [
  [
    'PostgreSQL',
    true,
    async () => {
      const url = await freshUrl()
      await prepareTables(await open(url), rooms, 'notes')
      return [postgresStore(await open(url)), postgresStore(await open(url))]
    },
  ],
  [
    'Redis',
    redisBinary !== undefined,
    async () => {
      const redis = await realRedis()
      const make = (): RateLimitStore => redisStore((script, keys, args) => redis.eval(script, keys, args))
      return [make(), make()]
    },
  ],
]

for (const [name, isAvailable, make] of stores) {
  describe.skipIf(!isAvailable)(`a store in ${name}`, () => {
    it('grants two racing instances the limit once', async () => {
      const [a, b] = await make()
      const taken = await Promise.all(Array.from({ length: 60 }, (_, n) => (n % 2 ? a : b).take('racing', hour)))
      expect(taken.filter((ahead) => passed(ahead, hour)).length).toBe(10)
    })

    it('counts each key separately, like the memory store', async () => {
      const [a, b] = await make()
      const memory = new ArrivalTimes({ nowUs: () => 0 })
      const began = performance.now()
      for (let n = 0; n < 15; n++) {
        const ahead = await (n % 2 ? a : b).take('key', hour)
        const elapsedUs = (performance.now() - began) * 1000
        const expected = memory.take('key', hour)
        // The store's clock goes on by what this loop takes; the memory's stands still.
        expect(ahead).toBeLessThanOrEqual(expected)
        expect(ahead).toBeGreaterThanOrEqual(expected - elapsedUs - 1000)
        expect(passed(ahead, hour)).toBe(n < 10)
      }
      expect(passed(await a.take('another', hour), hour)).toBe(true)
    })

    it('refills the quota by its own clock', async () => {
      const [a, b] = await make()
      const quota = quotaOf({ limit: 2, windowMs: 1000 })
      const taken = await Promise.all(Array.from({ length: 20 }, () => a.take('key', quota)))
      const over = Math.max(...taken) - quota.burstUs
      expect(over).toBeGreaterThan(0)
      expect(over).toBeLessThanOrEqual(1.1 * quota.intervalUs) // one that read the clock earlier may be counted later
      await vi.waitFor(async () => expect(passed(await b.take('key', quota), quota)).toBe(true), 10_000)
    })
  })
}

describe('the table in PostgreSQL', () => {
  it('is unlogged, may already exist, and loses keys with a full quota', async () => {
    const url = await freshUrl()
    const db = await open(url)
    await Promise.all([1, 2, 3, 4].map(async () => prepareTables(await open(url), rooms, 'notes'))) // all at once
    expect(await db.value`SELECT relpersistence FROM pg_class WHERE oid = 'tricube.rate_limits'::regclass`).toBe('u')

    await db.script(`
      CREATE ROLE limited_${process.pid};
      GRANT USAGE ON SCHEMA tricube TO limited_${process.pid};
      GRANT SELECT, INSERT, UPDATE, DELETE ON tricube.rate_limits TO limited_${process.pid};
      ALTER DATABASE ${new URL(url).pathname.slice(1)} SET role = limited_${process.pid};
    `)
    onTestFinished(async () => {
      await db.script(`SET ROLE NONE; DROP OWNED BY limited_${process.pid}; DROP ROLE limited_${process.pid}`)
    })
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const store = postgresStore(await open(url)) // may not create tables
    await store.take('gone', quotaOf({ limit: 1, windowMs: 1 }))
    await store.take('stays', hour)
    vi.advanceTimersByTime(60_000)
    await store.take('next', hour)
    const keys = (): Promise<{ key: string }[]> => db.many`SELECT key FROM tricube.rate_limits ORDER BY key`
    await vi.waitFor(async () => expect(await keys()).toEqual([{ key: 'next' }, { key: 'stays' }]), 10_000)
  })
})

describe.skipIf(!redisBinary)('a key in Redis', () => {
  it('expires when its quota is full', async () => {
    const redis = await realRedis()
    const store = redisStore((script, keys, args) => redis.eval(script, keys, args))
    await store.take('short', quotaOf({ limit: 1, windowMs: 50 }))
    await store.take('long', hour)
    expect(await redis.command('PTTL', 'tricube:rate:long')).toBeGreaterThan(350_000)
    await vi.waitFor(async () => expect(await redis.command('KEYS', '*')).toEqual(['tricube:rate:long']), 10_000)
  })
})
