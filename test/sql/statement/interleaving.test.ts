import fc from 'fast-check'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Database, database, type Sql, type TransactionLimits } from 'tricube/sql'
import { type FaultProxy, faultProxy } from 'tricube/testing'
import { freshDatabase } from '../freshDatabase.ts'

// Check 14: in any interleaving of statements, errors, timeouts, aborts and lost connections, no caller ever receives
// another's rows, and nothing leaks. Every statement carries a tag of its own that has to come back with its rows.

let fresh: Awaited<ReturnType<typeof freshDatabase>>
let proxy: FaultProxy
let db: Database

beforeAll(async () => {
  fresh = await freshDatabase()
  proxy = await faultProxy({ target: fresh.url })
  db = await database({ url: proxy.url, lanes: 2, pool: 3, preparedStatements: 4, acquireTimeoutMs: 10_000 })
})
afterAll(async () => {
  await db.close()
  await proxy.close()
  await fresh[Symbol.asyncDispose]()
})

type Step =
  | { readonly kind: 'value' | 'json' | 'badValue' | 'badText' | 'stream' | 'batch' }
  | { readonly kind: 'rows'; readonly count: number }
  | { readonly kind: 'timeout' | 'abort'; readonly ms: number }
  | { readonly kind: 'transaction'; readonly steps: readonly Step[]; readonly rollback: boolean }

const simple: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom('value', 'json', 'badValue', 'badText', 'stream', 'batch') }),
  fc.record({ kind: fc.constant('rows'), count: fc.nat(50) }),
)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: simple },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('timeout', 'abort'), ms: fc.nat(12) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('transaction'),
      steps: fc.array(simple, { maxLength: 4 }),
      rollback: fc.boolean(),
    }),
  },
)
const scenario = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 10 }),
  // Of some scenarios, the connections are lost after so many steps have been started.
  lossAfter: fc.oneof({ weight: 39, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.nat(9) }),
})

let tags = 0

type Runs = Sql & Partial<Pick<Database, 'transaction'>> & { with?(options: TransactionLimits): Sql }

/** Runs a step and checks that what comes back is its own; gives the sqlstate or reason it failed with. */
async function run(on: Runs, step: Step): Promise<unknown> {
  const tag = `tag ${++tags}`
  try {
    switch (step.kind) {
      case 'value':
        expect(await on.value`SELECT ${tag}::text`).toBe(tag)
        break
      case 'json':
        expect(await on.one`SELECT ${[tag]}::jsonb AS json, ${[tag]}::text[] AS list`).toEqual({
          json: [tag],
          list: [tag],
        })
        break
      case 'rows': {
        const rows = await on.many`SELECT ${tag}::text AS tag, n FROM generate_series(1, ${step.count}::int) n`
        expect(rows).toEqual(Array.from({ length: step.count }, (_, i) => ({ tag, n: i + 1 })))
        break
      }
      case 'badValue':
        await on.value`SELECT ${tag}::text::int`
        throw new Error('that is no number')
      case 'badText':
        await on.value`SELECT ${tag}, nothing FROM nowhere`
        throw new Error('there is no such table')
      case 'stream':
        for await (const row of on.stream`SELECT ${tag}::text AS tag FROM generate_series(1, 250)`)
          expect(row).toEqual({ tag })
        break
      case 'batch':
        expect(await on.batch([1, 2, 3])`SELECT ${tag}, generate_series(1, ${(n) => n})`).toBe(6)
        break
      case 'timeout':
        expect(await on.with!({ timeoutMs: step.ms }).value`SELECT ${tag}, pg_sleep(0.006)`).toBe(tag)
        break
      case 'abort': {
        const signal = AbortSignal.timeout(step.ms)
        expect(await on.with!({ signal }).value`SELECT ${tag}, pg_sleep(0.006)`).toBe(tag)
        break
      }
      case 'transaction':
        await on.transaction!(async (tx) => {
          for (const inner of step.steps) await tx.transaction((savepoint) => run(savepoint, inner).then(() => {}))
          expect(await tx.value`SELECT ${tag}::text`).toBe(tag)
          if (step.rollback) throw new Error('rolled back')
        })
    }
    return undefined
  } catch (error) {
    if (error instanceof Error && 'matcherResult' in error) throw error
    return (error as { sqlstate?: string }).sqlstate ?? (error as Error).message
  }
}

const expected: Record<Step['kind'], readonly unknown[]> = {
  value: [undefined],
  json: [undefined],
  rows: [undefined],
  stream: [undefined],
  batch: [undefined],
  badValue: ['22P02'],
  badText: ['42P01'],
  timeout: [undefined, '57014'],
  abort: [undefined, 'The operation was aborted due to timeout'],
  transaction: [undefined, 'rolled back', '25P02'],
}

// The published package runs fewer: the code is the same.
const runs = process.env['TRICUBE_TEST_PACKAGE'] ? 200 : 1000

test(`${runs} random interleavings never mix up rows`, { timeout: 120_000 }, async () => {
  // A scenario also meets the losses of those beside it, and of one that has just ended.
  let lastLoss = -Infinity
  const scenarios = fc.asyncProperty(scenario, async ({ steps, lossAfter }) => {
    const started = performance.now()
    const results = steps.map((step, i) => {
      if (i === lossAfter) {
        setImmediate(() => {
          lastLoss = performance.now()
          void proxy.add({ type: 'reset_peer' })()
        })
      }
      return run(db, step)
    })
    for (const [i, result] of (await Promise.all(results)).entries()) {
      const allowed = expected[steps[i]!.kind]
      expect(lastLoss > started - 1000 ? [...allowed, '08006'] : allowed).toContain(result)
    }
  })
  await Promise.all(Array.from({ length: 5 }, () => fc.assert(scenarios, { numRuns: runs / 5 })))
  // Nothing is left behind: no statement, no waiter, no transaction, no session too many.
  await vi.waitFor(async () => {
    const { lanes, pool, waiting } = db.stats()
    expect({
      inFlight: lanes.map(({ inFlight }) => inFlight),
      waiting,
      poolWaiting: pool.waiting,
      busy: pool.size - pool.idle,
    }).toEqual({
      inFlight: [0, 0],
      waiting: 0,
      poolWaiting: 0,
      busy: 0,
    })
    const sessions = await db.many<{ state: string }>`
      SELECT state FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`
    expect(sessions.length).toBeLessThanOrEqual(1 + pool.size)
    expect(sessions.filter(({ state }) => state !== 'idle')).toEqual([])
  })
})
