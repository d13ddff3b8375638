import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bucketMoves, type Database, database, httpErrorOf } from 'tricube/sql'
import { BadRequest } from 'tricube'
import { freshDatabase } from './freshDatabase.ts'

const names = ['beijing', 'shanghai', 'chengdu']
let fresh: Awaited<ReturnType<typeof freshDatabase>>[]
let map: Record<string, string>

beforeAll(async () => {
  fresh = await Promise.all(names.map((name) => freshDatabase(`CREATE TABLE here AS SELECT '${name}' AS name`)))
  map = Object.fromEntries(names.map((name, i) => [name, fresh[i]!.url]))
})
afterAll(async () => {
  for (const database of fresh) await database[Symbol.asyncDispose]()
})

const here = (db: Database) => db.value<string>`SELECT name FROM here`

describe('by name', () => {
  const open = () => database<{ region?: string }>({ shards: { key: ({ region }) => region, map }, lanes: 1, pool: 2 })

  test('a request uses the shard of its key', async () => {
    await using db = await open()
    for (const region of names) {
      const view = db.forRequest({ region } as object)
      expect(await here(view)).toBe(region)
      expect(await here(view.with({ timeoutMs: 1000 }))).toBe(region)
      expect(await view.transaction((tx) => tx.value`SELECT name FROM here`)).toBe(region)
    }
  })

  test('rejects an unknown key with a 400 that names it, on first use of the database', async () => {
    await using db = await open()
    const view = db.forRequest({ region: 'mars' } as object)
    await expect(here(view)).rejects.toThrow(BadRequest)
    await expect(here(view)).rejects.toMatchObject({ status: 400, error: 'no such shard: mars' })
    await expect(view.transaction(async () => {})).rejects.toMatchObject({ error: 'no such shard: mars' })
    await expect(here(db.forRequest({ region: '__proto__' } as object))).rejects.toThrow(BadRequest)
    await expect(here(db.forRequest({}))).rejects.toMatchObject({ error: 'the shard key is missing' })
    await expect(here(db)).rejects.toThrow(
      'the shard is not known: use db.shard(name), db.shards.of(key) or db.forRequest(request)',
    )
  })

  test('queries one shard by name, and all of them', async () => {
    await using db = await open()
    expect(await here(db.shard('shanghai'))).toBe('shanghai')
    expect(() => db.shard('mars')).toThrow(BadRequest)
    expect(db.shards.names).toEqual(names)
    const results = await db.shards.each(async (shard, name) => {
      if (name === 'chengdu') await shard.execute`SELECT 1 / 0`
      return here(shard)
    })
    expect(results).toMatchObject([
      { shard: 'beijing', status: 'fulfilled', value: 'beijing' },
      { shard: 'shanghai', status: 'fulfilled', value: 'shanghai' },
      { shard: 'chengdu', status: 'rejected', reason: { sqlstate: '22012' } },
    ])
  })

  test('a shard that is down does not affect the rest', async () => {
    const down = new URL(map['beijing']!)
    down.port = '1'
    await using db = await database({ shards: { map: { ...map, beijing: down.href } }, acquireTimeoutMs: 2000 })
    const results = await db.shards.each(here)
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled'])
    expect(httpErrorOf((results[0] as PromiseRejectedResult).reason)).toMatchObject({ status: 503 })
  })

  test('uses the database of url without a shard', async () => {
    await using db = await database({ url: map['beijing']!, shards: { map } })
    expect(await here(db)).toBe('beijing')
    expect(await here(db.shard('chengdu'))).toBe('chengdu')
    expect(() => database({})).toThrow(TypeError)
  })
})

describe('by hash', () => {
  test('maps a key always to the same shard, and uses all shards', async () => {
    await using db = await database({ shards: { key: () => 7, map, hash: 64 }, lanes: 1 })
    const found = await Promise.all(Array.from({ length: 300 }, (_, key) => here(db.shards.of(key))))
    for (const name of names) expect(found.filter((shard) => shard === name).length).toBeGreaterThan(30)
    expect(await here(db.forRequest({}))).toBe(found[7])
    expect(await here(db.shards.of('7'))).toBe(found[7])
  })

  test('moves buckets only to a new shard', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 2, maxLength: 8 }), (shards) => {
        const fewer = shards.slice(1)
        const moves = bucketMoves(fewer, shards, 128)
        for (const { from, to } of moves) {
          expect(fewer).toContain(from)
          expect(to).toBe(shards[0])
        }
        expect(bucketMoves(shards, [...shards].reverse(), 128)).toEqual([])
        const back = bucketMoves(shards, fewer, 128)
        expect(back.map(({ bucket }) => bucket)).toEqual(moves.map(({ bucket }) => bucket))
      }),
      { numRuns: 20 },
    )
  })
})
