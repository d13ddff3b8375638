/** When a transaction's time is over, its caller is gone, or it waits for itself: on a real PostgreSQL, in a quiet process. */
import { type Database, database, type Transaction } from 'tricube/sql'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { withResolvers } from '../../withResolvers.ts'
import { freshDatabase, isPooled } from '../freshDatabase.ts'

let fresh: Awaited<ReturnType<typeof freshDatabase>>
/** The observed connection. Nothing else uses it, so nothing keeps its clock running. */
let db: Database
let observer: Database
beforeAll(async () => {
  fresh = await freshDatabase('CREATE TABLE stock (n int NOT NULL)')
  db = database({ url: fresh.url, pool: 2, applicationName: 'quiet' })
  observer = database({ url: fresh.url, lanes: 1, pool: 2 })
  await db.transaction((tx) => tx.execute`SELECT 1`) // connected: a limit of 300 ms is for what it does then
})
afterAll(async () => {
  await Promise.all([db.close(), observer.close()])
  await fresh[Symbol.asyncDispose]()
})
beforeEach(() => observer.script('TRUNCATE stock; INSERT INTO stock VALUES (0)'))

const count = () => observer.value<number>`SELECT n FROM stock`
/** Sessions of the quiet database that are in a transaction. */
const open = () =>
  observer.value<number>`
    SELECT count(*) FROM pg_stat_activity
    WHERE application_name = 'quiet' AND datname = current_database() AND state <> 'idle'`
const waiting = (tx: Transaction) =>
  tx.value`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
const add = (tx: Transaction) => tx.execute`UPDATE stock SET n = n + 1`
const settled = { timeout: 5000, interval: 10 }

describe('a transaction whose deadline passes while it runs no statement', () => {
  test('is rolled back at its deadline, not when its function returns', async () => {
    const elsewhere = withResolvers()
    const second = withResolvers<unknown>()
    const late = db.with({ timeoutMs: 300 }).transaction(async (tx) => {
      await add(tx)
      await elsewhere.promise
      await add(tx).catch(second.resolve)
    })
    await expect(late).rejects.toMatchObject({ sqlstate: '57014' })
    await expect.poll(open, settled).toBe(0)
    elsewhere.resolve()
    expect(await second.promise).toMatchObject({ sqlstate: '57014' })
    expect(await count()).toBe(0)
  })

  test('is rolled back when its signal aborts, and rejects with its reason', async () => {
    const reason = new Error('enough')
    const signal = new AbortController()
    const gone = db.with({ signal: signal.signal }).transaction(async (tx) => {
      await add(tx)
      setTimeout(() => signal.abort(reason), 400) // the clock has stopped by then, were it not for the transaction
      await new Promise(() => {})
    })
    await expect(gone).rejects.toBe(reason)
    expect(await count()).toBe(0)
    await expect.poll(open, settled).toBe(0)
  })

  test('is not committed if the deadline passes in the turn of the event loop in which its function returns', async () => {
    const signal = new AbortController()
    const gone = db.with({ signal: signal.signal }).transaction(async (tx) => {
      await add(tx)
      signal.abort('in the last moment')
    })
    await expect(gone).rejects.toBe('in the last moment')
    const busy = db.with({ timeoutMs: 200 }).transaction(async (tx) => {
      await add(tx)
      const end = performance.now() + 300
      while (performance.now() < end); // no timer can run
    })
    await expect(busy).rejects.toMatchObject({ sqlstate: '57014' })
    expect(await count()).toBe(0)
  })

  test('sends no further statement, even if its function continues', async () => {
    const signal = new AbortController()
    const second = withResolvers<unknown>()
    const gone = db.with({ signal: signal.signal }).transaction(async (tx) => {
      await add(tx)
      signal.abort('gone')
      await observer.execute`SELECT 1`
      await add(tx).catch(second.resolve)
      await tx.transaction(add).catch(() => {})
    })
    await expect(gone).rejects.toBe('gone')
    expect(await second.promise).toBe('gone')
    expect(await count()).toBe(0)
  })

  test('ends with its request, and frees its locks', async () => {
    const hangUp = new AbortController()
    const locked = withResolvers()
    const gone = db.forRequest({ signal: hangUp.signal }).transaction(async (tx) => {
      await add(tx)
      locked.resolve()
      await new Promise(() => {})
    })
    await locked.promise
    const next = observer.execute`UPDATE stock SET n = n + 10` // waits for the row
    await expect.poll(() => observer.transaction(waiting)).toBe(1)
    hangUp.abort('hung up')
    await expect(gone).rejects.toBe('hung up')
    await next
    expect(await count()).toBe(10)
  })

  test('cancels a script that runs in it', async () => {
    const late = db.with({ timeoutMs: 300 }).transaction((tx) => tx.script('SELECT pg_sleep(60)'))
    await expect(late).rejects.toMatchObject({ sqlstate: '57014' })
    await expect.poll(open, settled).toBe(0)
  })

  test('ends an abandoned stream', async () => {
    const rows = db.with({ timeoutMs: 300 }).stream`SELECT generate_series(1, 1000) AS i`
    await rows.next()
    await expect.poll(open, settled).toBe(0)
    await expect(
      (async () => {
        for await (const _ of rows);
      })(),
    ).rejects.toMatchObject({ sqlstate: '57014' })
  })
})

describe('tx.with', () => {
  test('limits a savepoint, and the transaction continues', async () => {
    const inside = await db.transaction(async (tx) => {
      await add(tx)
      const hasty = tx.with({ timeoutMs: 50 })
      for (const fn of [
        (inner: Transaction) => inner.execute`SELECT pg_sleep(10)`,
        (inner: Transaction) => inner.script('SELECT pg_sleep(10)'),
        (inner: Transaction) => add(inner).then(() => new Promise(() => {})),
      ]) {
        await expect(hasty.transaction(fn)).rejects.toMatchObject({ sqlstate: '57014' })
      }
      const aborted = tx.with({ signal: AbortSignal.abort('cancelled') }).with({ timeoutMs: 5000 })
      await expect(aborted.transaction(add)).rejects.toBe('cancelled')
      await expect(aborted.value`SELECT 1`).rejects.toBe('cancelled')
      return [await tx.value`SELECT n FROM stock`, await hasty.value`SELECT n FROM stock`]
    })
    expect([inside, await count()]).toEqual([[1, 1], 1])
  })

  test('limits a statement, which fails its transaction', async () => {
    const spoilt = db.transaction(async (tx) => {
      await add(tx)
      await expect(tx.with({ timeoutMs: 50 }).execute`SELECT pg_sleep(10)`).rejects.toMatchObject({
        sqlstate: '57014',
      })
    })
    await expect(spoilt).rejects.toMatchObject({ sqlstate: '25P02' })
    expect(await count()).toBe(0)
  })

  test('limits streams, batches and notifications', async () => {
    await db.transaction(async (tx) => {
      const limited = tx.with({ timeoutMs: 10_000 })
      let n = 0
      for await (const _ of limited.stream`SELECT generate_series(1, 500)`) n++
      expect(n).toBe(500)
      expect(await limited.batch([1, 2])`UPDATE stock SET n = n + ${(by) => by}`).toBe(2)
      await limited.notify('stock', 'changed')
      await limited.drizzle.execute('UPDATE stock SET n = n + 1')
    })
    expect(await count()).toBe(4)
  })
})

describe('a deadlock within one process', () => {
  test('is avoided: a nested transaction of the outer handle is a savepoint of the inner one', async () => {
    const steps: number[] = []
    await db.transaction((tx) =>
      tx.transaction(async () => {
        await add(tx)
        await tx
          .transaction(async (inner) => {
            await add(inner)
            await tx.transaction(async (deepest) => void steps.push(await deepest.value<number>`SELECT n FROM stock`))
            throw new Error('back to one')
          })
          .catch(() => {})
      }),
    )
    expect([steps, await count()]).toEqual([[2], 1])
  })

  test('is avoided through another transaction, and after the inner savepoint has ended', async () => {
    await db.transaction((one) =>
      one.transaction(() => db.transaction((two) => two.transaction(() => one.transaction((inner) => add(inner))))),
    )
    const late = await db.transaction(async (tx) => {
      let after: Promise<number> | undefined
      const isOver = withResolvers()
      await tx.transaction(async () => {
        after = isOver.promise.then(() => tx.transaction(add))
      })
      isOver.resolve()
      return after!
    })
    expect([late, await count()]).toEqual([1, 2])
  })

  test('siblings still wait for each other', async () => {
    await db.transaction(async (tx) => {
      const [first, second] = await Promise.allSettled([
        tx.transaction(async (a) => {
          await add(a)
          await tx.transaction(add)
          throw new Error('both')
        }),
        tx.transaction(add),
      ])
      expect([first.status, second.status]).toEqual(['rejected', 'fulfilled'])
    })
    expect(await count()).toBe(1)
  })

  test('is explained if the pool waits for its own transactions', async () => {
    await using small = database({ url: fresh.url, lanes: 0, pool: 2, acquireTimeoutMs: 3000 })
    const arrived = withResolvers()
    let waiting = 0
    const nested = (view: Database) =>
      view.transaction(async (tx) => {
        await tx.execute`SELECT 1`
        if (++waiting === 2) arrived.resolve()
        await arrived.promise
        await view.transaction(add)
      })
    const [one, two] = await Promise.allSettled([nested(small), nested(small)])
    const reasons = [one, two].map((result) => String((result as PromiseRejectedResult).reason?.message))
    expect(reasons).toContainEqual(
      expect.stringContaining('perhaps while they wait for this one: inside db.transaction use its tx, not db'),
    )
    waiting = 0
    const alone = small.forRequest({})
    const hold = withResolvers()
    const other = small.transaction(async (tx) => {
      await tx.execute`SELECT 1`
      await hold.promise
    })
    await expect(
      alone.transaction(async (tx) => {
        await tx.execute`SELECT 1`
        await alone.script('SELECT 1')
      }),
    ).rejects.toThrow(
      'and the waiting request itself occupies 1 of them with transactions: inside db.transaction use its tx, not db',
    )
    hold.resolve()
    await other
  })

  test('is not reported for a busy pool', async () => {
    await using small = database({ url: fresh.url, lanes: 0, pool: 1, acquireTimeoutMs: 2000 })
    await small.execute`SELECT 1`
    const slow = small.execute`SELECT pg_sleep(3)`
    await expect(small.execute`SELECT 1`).rejects.toMatchObject({
      message: 'none of 1 connections became free within 2000 ms',
    })
    await slow
  })
})

describe('close', () => {
  const abandoned = async (other: Database) => {
    const rows = other.stream`SELECT generate_series(1, 100000) AS i`
    await rows.next()
    return rows
  }

  test('ends although streams were abandoned', async () => {
    const other = database({ url: fresh.url, pool: 3 })
    const left = await Promise.all([abandoned(other), abandoned(other), abandoned(other)])
    await other.close()
    await expect(
      (async () => {
        for await (const _ of left[0]);
      })(),
    ).rejects.toMatchObject({ sqlstate: '08003' })
    await left[1].return()
  })

  test('waits for active streams and transactions', async () => {
    const other = database({ url: fresh.url, pool: 2 })
    const rows = await abandoned(other)
    let n = 1
    const begun = withResolvers()
    const isRead = withResolvers()
    const working = other.transaction(async (tx) => {
      await add(tx)
      begun.resolve()
      await isRead.promise
      return add(tx)
    })
    await begun.promise
    const closing = other.close()
    for await (const _ of rows) if (++n % 20_000 === 0) await observer.execute`SELECT pg_sleep(0.3)`
    isRead.resolve()
    expect(n).toBe(100_000)
    expect(await working).toBe(1)
    await closing
    expect(await count()).toBe(2)
  })
})

describe.skipIf(isPooled)('listening', () => {
  test('ends with the database', async () => {
    const other = database({ url: fresh.url, lanes: 1, applicationName: 'listener' })
    const sessions = () =>
      observer.value<number>`SELECT count(*) FROM pg_stat_activity WHERE application_name = 'listener'`
    await other.listen('before', () => {})
    await other.close()
    await expect(other.listen('after', () => {})).rejects.toMatchObject({ sqlstate: '08003' })
    await expect.poll(sessions, settled).toBe(0)
    // Neither does it come back when its connection was lost just before.
    const lost = database({ url: fresh.url, lanes: 1, applicationName: 'listener' })
    await lost.listen('before', () => {})
    await observer.execute`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'listener'`
    await lost.close()
    for (let i = 0; i < 10; i++) {
      await observer.execute`SELECT pg_sleep(0.1)` // longer than it waits before it connects again
      expect(await sessions()).toBe(0)
    }
  })

  test.each([
    ['a'.repeat(64), 64],
    ['ü'.repeat(32), 64],
    ['', 0],
  ])('on the channel %s is rejected, and so is sending to it', async (channel, bytes) => {
    const problem = `the name of a channel must have 1 to 63 bytes, "${channel}" has ${bytes}`
    await expect(db.listen(channel, () => {})).rejects.toThrow(problem)
    await expect(db.notify(channel)).rejects.toThrow(problem)
    await expect(db.transaction((tx) => tx.notify(channel))).rejects.toThrow(problem)
  })

  test('works with the longest possible name', async () => {
    const heard: string[] = []
    const channel = 'ü'.repeat(31) + 'x'
    await using _ = await db.listen(channel, (payload) => void heard.push(payload))
    await observer.notify(channel, 'here')
    await expect.poll(() => heard, settled).toEqual(['here'])
  })
})

describe('statements with another way to do it', () => {
  test.each([
    ['COPY stock TO STDOUT', 'write many rows with batch, read them with stream'],
    ['PREPARE x AS SELECT 1', 'run the statement itself, it is prepared automatically'],
    ['LISTEN here', "use db.listen('channel', …)"],
  ])('%s gets the same advice in both places', async (text, advice) => {
    const strings = Object.assign([text], { raw: [text] })
    await expect(db.execute(strings)).rejects.toThrow(advice)
    await expect(db.transaction((tx) => tx.execute(strings))).rejects.toThrow(advice)
  })
})
