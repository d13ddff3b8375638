import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Database, database, type Transaction } from 'tricube/sql'
import { freshDatabase } from '../freshDatabase.ts'
import { withResolvers } from '../../withResolvers.ts'

let fresh: Awaited<ReturnType<typeof freshDatabase>>
let db: Database

beforeAll(async () => {
  fresh = await freshDatabase(`
    CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL);
    INSERT INTO accounts SELECT i, 100 FROM generate_series(1, 10) i;
    CREATE TABLE later (a int REFERENCES accounts DEFERRABLE INITIALLY DEFERRED);
  `)
  db = await database({ url: fresh.url })
})
afterAll(async () => {
  await db.close()
  await fresh[Symbol.asyncDispose]()
})

const balance = (id: number) => db.value<number>`SELECT balance FROM accounts WHERE id = ${id}`

describe('a transaction', () => {
  test('commits when its function returns', async () => {
    const result = await db.transaction(async (tx) => {
      await tx.execute`UPDATE accounts SET balance = balance - ${10} WHERE id = ${1}`
      expect(await balance(1)).toBe(100)
      await tx.execute`UPDATE accounts SET balance = balance + ${10} WHERE id = ${2}`
      return 'moved'
    })
    expect(result).toBe('moved')
    expect([await balance(1), await balance(2)]).toEqual([90, 110])
  })

  test('rolls back when its function throws', async () => {
    const failing = db.transaction(async (tx) => {
      await tx.execute`UPDATE accounts SET balance = 0 WHERE id = 3`
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await balance(3)).toBe(100)
  })

  test('rejects if COMMIT fails', async () => {
    const missing = db.transaction((tx) => tx.execute`INSERT INTO later VALUES (99)`)
    await expect(missing).rejects.toMatchObject({ sqlstate: '23503' })
    const swallowed = db.transaction(async (tx) => {
      await tx.execute`UPDATE accounts SET balance = 0 WHERE id = 3`
      await tx.one`SELECT 1 / 0`.catch(() => {})
    })
    await expect(swallowed).rejects.toMatchObject({ sqlstate: '25P02' })
    expect(await balance(3)).toBe(100)
  })

  test('cannot be used after its end', async () => {
    let leaked: Transaction | undefined
    await db.transaction(async (tx) => {
      leaked = tx
    })
    await expect(leaked!.one`SELECT 1`).rejects.toMatchObject({ sqlstate: '25000' })
    await expect(leaked!.transaction(async () => {})).rejects.toMatchObject({ sqlstate: '25000' })
  })

  test('does not let later calls use its connection', async () => {
    await using one = await database({ url: fresh.url, pool: 1 })
    const late: Promise<unknown>[] = []
    let leaked: AsyncGenerator | undefined
    const { promise: isOver, resolve } = withResolvers()
    await one.transaction(async (tx) => {
      leaked = tx.stream`SELECT generate_series(1, 1000)`
      await leaked.next()
      const started = withResolvers()
      const nested = tx.transaction(async (inner) => {
        const deeper = inner.transaction(async (deepest) => {
          started.resolve()
          await isOver
          await deepest.execute`DELETE FROM accounts`
        })
        late.push(deeper)
        await deeper
      })
      late.push(nested)
      await started.promise
    })
    await one.transaction(async (tx) => {
      resolve()
      const results = await Promise.allSettled([
        ...late,
        (async () => {
          for await (const _ of leaked!);
        })(),
      ])
      for (const result of results) expect(result).toMatchObject({ reason: { sqlstate: '25000' } })
      expect(await tx.value`SELECT count(*) FROM accounts`).toBe(10)
    })
  })

  test('runs statements that are not awaited in order, before COMMIT', async () => {
    await db.transaction(async (tx) => {
      void tx.execute`UPDATE accounts SET balance = 1 WHERE id = 4`
      void tx.execute`UPDATE accounts SET balance = balance * 2 WHERE id IN ${tx.in([4])}`
      void tx.execute`UPDATE accounts SET balance = balance + 5 WHERE id = 4`
    })
    expect(await balance(4)).toBe(7)
  })

  test('has its isolation level, may be read-only, and cannot be ended by a statement', async () => {
    const settings = await db.transaction(
      (tx) =>
        tx.many`SELECT name, setting FROM pg_settings WHERE name IN ('transaction_deferrable', 'transaction_isolation', 'transaction_read_only') ORDER BY name`,
      { isolation: 'serializable', readOnly: true, deferrable: true },
    )
    expect(settings).toEqual([
      { name: 'transaction_deferrable', setting: 'on' },
      { name: 'transaction_isolation', setting: 'serializable' },
      { name: 'transaction_read_only', setting: 'on' },
    ])
    await expect(db.transaction((tx) => tx.execute`DELETE FROM later`, { readOnly: true })).rejects.toMatchObject({
      sqlstate: '25006',
    })
    await expect(db.transaction((tx) => tx.execute`COMMIT`)).rejects.toMatchObject({ sqlstate: '25001' })
    await expect(db.transaction((tx) => tx.script('COMMIT'))).rejects.toThrow(
      'the script has ended the transaction: remove its COMMIT or ROLLBACK',
    )
    // @ts-expect-error an unknown isolation level
    await expect(db.transaction(async () => {}, { isolation: 'none; DROP TABLE x' })).rejects.toThrow(TypeError)
  })
})

describe('a nested transaction', () => {
  test('is a savepoint', async () => {
    await db.transaction(async (tx) => {
      await tx.execute`UPDATE accounts SET balance = 1 WHERE id = 5`
      const inner = tx.transaction(async (deeper) => {
        await deeper.execute`UPDATE accounts SET balance = 2 WHERE id = 5`
        await deeper.transaction((deepest) => deepest.execute`SELECT 1 / 0`)
      })
      await expect(inner).rejects.toMatchObject({ sqlstate: '22012' })
      await tx.transaction((other) => other.execute`UPDATE accounts SET balance = balance + 5 WHERE id = 5`)
    })
    expect(await balance(5)).toBe(6)
  })

  test('waits for its sibling', async () => {
    await db.transaction(async (tx) => {
      const results = await Promise.allSettled([
        tx.transaction(async (a) => {
          await a.execute`UPDATE accounts SET balance = 50 WHERE id = 6`
          await a.execute`SELECT 1 / 0`
        }),
        tx.transaction((b) => b.execute`UPDATE accounts SET balance = balance + 1 WHERE id = 6`),
      ])
      expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    })
    expect(await balance(6)).toBe(101)
  })
})

describe('retries', () => {
  const both = async (retries: number) => {
    let arrived = 0
    const { promise: bothRead, resolve } = withResolvers()
    let runs = 0
    const add = () =>
      db.transaction(
        async (tx) => {
          runs++
          const read = await tx.value<number>`SELECT balance FROM accounts WHERE id = 7`
          if (++arrived === 2) resolve()
          await bothRead
          await tx.execute`UPDATE accounts SET balance = ${read + 1} WHERE id = 7`
        },
        { isolation: 'serializable', retries },
      )
    return { results: await Promise.allSettled([add(), add()]), runs: () => runs }
  }

  test('follow a serialization failure', async () => {
    await db.execute`UPDATE accounts SET balance = 0 WHERE id = 7`
    const { results, runs } = await both(5)
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled'])
    expect(await balance(7)).toBe(2)
    expect(runs()).toBeGreaterThan(2)
  })

  test('are off by default', async () => {
    const { results } = await both(0)
    expect(results).toContainEqual(expect.objectContaining({ reason: expect.objectContaining({ sqlstate: '40001' }) }))
  })

  test('follow a deadlock', async () => {
    let arrived = 0
    const { promise: bothHold, resolve } = withResolvers()
    const lock = (first: number, second: number) =>
      db.transaction(
        async (tx) => {
          await tx.execute`UPDATE accounts SET balance = balance WHERE id = ${first}`
          if (++arrived === 2) resolve()
          await bothHold
          await tx.execute`UPDATE accounts SET balance = balance WHERE id = ${second}`
        },
        { retries: 5 },
      )
    await Promise.all([lock(8, 9), lock(9, 8)])
  })
})

describe('the timeout of a transaction', () => {
  const running = (text: string) =>
    db.value<number>`SELECT count(*) FROM pg_stat_activity WHERE query LIKE ${`%${text}%`} AND state <> 'idle' AND pid <> pg_backend_pid()`

  test('cancels its statement in PostgreSQL, and rolls back', async () => {
    const started = performance.now()
    const late = db.with({ timeoutMs: 60 }).transaction(async (tx) => {
      await tx.execute`UPDATE accounts SET balance = 0 WHERE id = 10`
      await tx.execute`SELECT pg_sleep(5) AS to_be_cancelled`
    })
    await expect(late).rejects.toMatchObject({ sqlstate: '57014' })
    expect(performance.now() - started).toBeLessThan(1000)
    await vi.waitFor(async () => expect(await running('to_be_cancelled')).toBe(0), { timeout: 3000, interval: 10 })
    expect(await balance(10)).toBe(100)
  })

  test('also ends it between two statements', async () => {
    let tx: Transaction | undefined
    const stuck = db.with({ timeoutMs: 30 }).transaction(async (unit) => {
      tx = unit
      await unit.execute`SELECT balance FROM accounts WHERE id = 10 FOR UPDATE`
      await new Promise(() => {})
    })
    await expect(stuck).rejects.toMatchObject({ sqlstate: '57014' })
    await expect(tx!.one`SELECT 1`).rejects.toMatchObject({ sqlstate: '57014' })
    await db.execute`UPDATE accounts SET balance = 100 WHERE id = 10` // not locked any more
  })

  test('may pass before it begins', async () => {
    let isRun = false
    const run = async () => void (isRun = true)
    await expect(db.with({ signal: AbortSignal.abort('before') }).transaction(run)).rejects.toBe('before')
    await expect(db.with({ timeoutMs: 0 }).transaction(run)).rejects.toMatchObject({ sqlstate: '57014' })
    expect(isRun).toBe(false)
  })

  test('may be a signal, and rejects with its reason', async () => {
    const reason = new Error('the caller is gone')
    const controller = new AbortController()
    const gone = db.with({ signal: controller.signal }).transaction(async (tx) => {
      setImmediate(() => controller.abort(reason))
      await tx.execute`SELECT pg_sleep(5) AS also_cancelled`
    })
    await expect(gone).rejects.toBe(reason)
    await vi.waitFor(async () => expect(await running('also_cancelled')).toBe(0), { timeout: 3000, interval: 10 })
  })

  test('returns the connection', async () => {
    await vi.waitFor(() => expect(db.stats().pool.idle).toBe(db.stats().pool.size))
  })
})
