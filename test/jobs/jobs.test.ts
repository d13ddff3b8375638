/** Jobs of a service under test, in virtual time: enqueued with what a transaction does, run once, retried, set aside. */
import { contract, jobs, service, t, type JobContext } from 'tricube'
import { testService, type TestApp } from 'tricube/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const orderService = contract('order-service', {
  placeOrder: { route: 'POST /orders', body: t.Object({ item: t.String() }), returns: t.Object({ id: t.Integer() }) },
})
const Order = t.Object({ order_id: t.Integer(), note: t.Optional(t.String()) })
const orderJobs = jobs({
  sendReceipt: { input: Order, retries: 2, timeoutMs: 1000 },
  index: { input: Order, key: 'order_id', retries: 1 },
  report: { transaction: false },
})

type Receipt = JobContext<typeof orderJobs.sendReceipt>
let sendReceipt: (context: Receipt) => unknown
let index: (context: JobContext<typeof orderJobs.index>) => unknown
let report: (context: JobContext<typeof orderJobs.report>) => unknown

const orders = service(orderService, {
  models: {},
  jobs: orderJobs,
  jobHandlers: {
    sendReceipt: (context) => sendReceipt(context),
    index: (context) => index(context),
    report: (context) => report(context),
  },
  handlers: {
    placeOrder: ({ body, db }) =>
      db.transaction(async (tx) => {
        const order = await tx.one<{ id: number }>`INSERT INTO orders (item) VALUES (${body.item}) RETURNING id`
        await tx.enqueue(orderJobs.sendReceipt, { order_id: order.id })
        if (body.item === 'nothing') throw new Error('there is no such item')
        return order
      }),
  },
})

let app: TestApp<typeof orderService>
beforeEach(async () => {
  app = await testService(orders, { config: { logLevel: 'silent' } })
  await app.db.script(
    'CREATE TABLE orders (id serial PRIMARY KEY, item text); CREATE TABLE sent (order_id int, attempt int)',
  )
  sendReceipt = () => {}
  index = () => {}
  report = () => {}
})
afterEach(() => app.close())

const jobsLeft = () => app.db.primary.value<number>`SELECT count(*) FROM tricube.jobs`

describe('enqueuing', () => {
  it('runs a job that was enqueued with an order, once, and nothing is left of it', async () => {
    const seen: Receipt[] = []
    sendReceipt = (context) => void seen.push(context)
    const { data } = await app.client.placeOrder({ body: { item: 'tea' } })
    expect(seen).toEqual([])
    expect(await app.runJobs()).toMatchObject([{ job: 'sendReceipt', attempt: 1, outcome: 'done' }])
    expect(seen.map(({ input, attempt }) => [input, attempt])).toEqual([[{ order_id: data.id }, 1]])
    expect(await app.runJobs()).toEqual([])
    expect(await jobsLeft()).toBe(0)
  })

  it('enqueues nothing when the transaction is rolled back', async () => {
    await expect(app.client.placeOrder({ body: { item: 'nothing' } })).rejects.toThrow()
    expect(await app.runJobs()).toEqual([])
  })

  it('enqueues in a savepoint, and outside of transactions', async () => {
    await app.db.transaction(async (tx) => {
      await tx.transaction((inner) => inner.enqueue(orderJobs.report))
      await tx
        .transaction((inner) => inner.enqueue(orderJobs.report).then(() => Promise.reject(new Error('no'))))
        .catch(() => {})
      await tx.with({ timeoutMs: 1000 }).enqueue(orderJobs.report)
    })
    await app.db.enqueue(orderJobs.report)
    expect(await app.runJobs()).toHaveLength(3)
  })

  it('tells whether a job with this unique was new, until it is done', async () => {
    const first = await app.db.enqueue(orderJobs.sendReceipt, { order_id: 1 }, { unique: 'receipt-1' })
    const second = await app.db.enqueue(orderJobs.sendReceipt, { order_id: 1 }, { unique: 'receipt-1' })
    expect([first.created, second.created, second.id === first.id]).toEqual([true, false, true])
    expect(await app.runJobs()).toHaveLength(1)
    expect(await app.db.enqueue(orderJobs.sendReceipt, { order_id: 1 }, { unique: 'receipt-1' })).toMatchObject({
      created: true,
    })
  })

  it('makes one job of many that are enqueued at once with one unique', async () => {
    const made = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        app.db.transaction(async (tx) => {
          await tx.execute`SELECT pg_sleep(${(i % 3) / 1000})`
          return tx.enqueue(orderJobs.report, undefined, { unique: 'one' })
        }),
      ),
    )
    expect(made.filter(({ created }) => created)).toHaveLength(1)
    expect(new Set(made.map(({ id }) => id)).size).toBe(1)
  })

  it('runs what is delayed when its time has come, in the order of the times', async () => {
    const order: number[] = []
    sendReceipt = ({ input }) => void order.push(input.order_id)
    await app.db.enqueue(orderJobs.sendReceipt, { order_id: 1 }, { delayMs: 60_000 })
    await app.db.enqueue(orderJobs.sendReceipt, { order_id: 2 }, { runAt: new Date(Date.now() + 30_000) })
    expect(await app.runJobs()).toEqual([])
    await app.runJobs({ forMs: 31_000 })
    expect(order).toEqual([2])
    await app.runJobs({ forMs: 31_000 })
    expect(order).toEqual([2, 1])
  })

  it('runs what is urgent first', async () => {
    const order: number[] = []
    sendReceipt = ({ input }) => void order.push(input.order_id)
    for (const [order_id, priority] of [
      [1, 'low'],
      [2, 'normal'],
      [3, 'high'],
    ] as const) {
      await app.db.enqueue(orderJobs.sendReceipt, { order_id }, { priority })
    }
    await app.runJobs()
    expect(order).toEqual([3, 2, 1])
  })

  it.each([
    ['a field of another type', { order_id: 'seven' }, {}, 'job sendReceipt: input.order_id must be integer'],
    ['a missing field', {}, {}, 'job sendReceipt: input.order_id is required'],
    ['an unknown field', { order_id: 1, orderId: 1 }, {}, 'job sendReceipt: input.orderId'],
    ['no input', undefined, {}, 'job sendReceipt: input'],
    ['a large input', { order_id: 1, note: 'x'.repeat(300_000) }, {}, 'expected at most 262144: store it in a table'],
    ['a delay before now', { order_id: 1 }, { delayMs: -1 }, 'delayMs must be a number of milliseconds from 0, got -1'],
    [
      'an unknown option',
      { order_id: 1 },
      { delay: 5 },
      'unknown option "delay", expected delayMs, runAt, unique, priority; did you mean delayMs?',
    ],
    ['two times', { order_id: 1 }, { delayMs: 1, runAt: new Date() }, 'set delayMs or runAt, not both'],
    ['no date', { order_id: 1 }, { runAt: new Date('soon') }, 'runAt must be a valid Date, got Invalid Date'],
    ['an empty unique', { order_id: 1 }, { unique: '' }, 'unique must be a string of 1 to 255 characters'],
  ])('rejects %s, and stores nothing', async (_, input, options, message) => {
    await expect(app.db.enqueue(orderJobs.sendReceipt, input as never, options as never)).rejects.toThrow(message)
    expect(await jobsLeft()).toBe(0)
  })

  it('rejects a job of another service', async () => {
    const { sweep } = jobs({ sweep: {} })
    await expect(app.db.enqueue(sweep)).rejects.toThrow(
      'order-service has no job sweep: expected one of sendReceipt, index, report',
    )
  })
})

describe('cancelling', () => {
  it('takes back a job that waits, and says whether there was one', async () => {
    const { id } = await app.db.enqueue(orderJobs.report, undefined, { delayMs: 1000 })
    expect(await app.db.cancelJob(id)).toBe(true)
    expect(await app.db.cancelJob(id)).toBe(false)
    expect(await app.runJobs({ forMs: 2000 })).toEqual([])
  })

  it('lets the next job of a key run when the one before it is taken back', async () => {
    const { id } = await app.db.enqueue(orderJobs.index, { order_id: 1 }, { delayMs: 100_000 })
    await app.db.enqueue(orderJobs.index, { order_id: 1 })
    expect(await app.runJobs()).toEqual([])
    await app.db.transaction((tx) => tx.cancelJob(id))
    expect(await app.runJobs()).toHaveLength(1)
  })

  it('rolls back what a job does that is taken back while it runs', async () => {
    sendReceipt = async ({ db, id }) => {
      await db.execute`INSERT INTO sent VALUES (1, 1)`
      await app.db.cancelJob(id)
    }
    await app.db.enqueue(orderJobs.sendReceipt, { order_id: 1 })
    expect(await app.runJobs()).toMatchObject([{ outcome: 'lost' }])
    expect(await app.db.many`SELECT * FROM sent`).toEqual([])
    expect(await jobsLeft()).toBe(0)
  })
})

describe('once', () => {
  it('commits what a handler does together with the end of its job', async () => {
    let fails = true
    sendReceipt = async ({ db, input, attempt }) => {
      await db.execute`INSERT INTO sent VALUES (${input.order_id}, ${attempt})`
      await db.enqueue(orderJobs.report)
      if (fails) throw new Error('the printer is on fire')
    }
    await app.db.enqueue(orderJobs.sendReceipt, { order_id: 7 })
    expect(await app.runJobs()).toMatchObject([{ outcome: 'failed' }])
    expect(await app.db.many`SELECT * FROM sent`).toEqual([])
    fails = false
    const runs = await app.runJobs({ forMs: 60_000 })
    expect(runs.map(({ job, attempt, outcome }) => [job, attempt, outcome])).toEqual([
      ['sendReceipt', 2, 'done'],
      ['report', 1, 'done'],
    ])
    expect(await app.db.many`SELECT * FROM sent`).toEqual([{ order_id: 7, attempt: 2 }])
  })

  it('rolls back what a handler does that takes too long, and aborts its signal', async () => {
    let aborted: unknown
    sendReceipt = async ({ db, signal }) => {
      await db.execute`INSERT INTO sent VALUES (1, 1)`
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      aborted = signal.reason
      await db.execute`INSERT INTO sent VALUES (1, 2)`
    }
    await app.db.enqueue(orderJobs.sendReceipt, { order_id: 1 })
    expect(await app.runJobs()).toMatchObject([
      { outcome: 'failed', error: { message: 'the job took longer than 1000 ms' } },
    ])
    expect(aborted).toBeInstanceOf(Error)
    expect(await app.db.many`SELECT * FROM sent`).toEqual([])
  })

  it('gives the same idempotency key at each attempt, and another one to another job', async () => {
    const keys: string[] = []
    sendReceipt = ({ idempotencyKey, attempt }) => {
      keys.push(idempotencyKey)
      if (attempt === 1) throw new Error('again')
    }
    await app.db.enqueue(orderJobs.sendReceipt, { order_id: 1 })
    await app.runJobs({ forMs: 60_000 })
    await app.db.enqueue(orderJobs.sendReceipt, { order_id: 1 })
    await app.runJobs()
    expect(keys).toHaveLength(3)
    expect(keys[0]).toBe(keys[1])
    expect(keys[2]).not.toBe(keys[0])
  })
})

describe('failing', () => {
  it('retries as often as the job says, then sets it aside with its error', async () => {
    sendReceipt = () => {
      throw new RangeError('no such address')
    }
    await app.db.enqueue(orderJobs.sendReceipt, { order_id: 1 })
    const runs = await app.runJobs({ forMs: 3_600_000 })
    expect(runs.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
      [1, 'failed'],
      [2, 'failed'],
      [3, 'dead'],
    ])
    expect(await jobsLeft()).toBe(0)
    const [dead] = await app.db.many<{ name: string; attempt: number; error: string }>`SELECT * FROM tricube.dead_jobs`
    expect(dead).toMatchObject({ name: 'sendReceipt', attempt: 3 })
    expect(JSON.parse(dead!.error)).toMatchObject({
      name: 'RangeError',
      message: 'no such address',
      stack: expect.stringContaining('jobs.test.ts'),
    })
  })

  it('retries a job whose commit fails', async () => {
    await app.db.script(`
      CREATE SEQUENCE commits;
      CREATE FUNCTION fail_twice() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF nextval('commits') <= 2 THEN RAISE EXCEPTION 'not yet'; END IF;
          RETURN NULL;
        END $$;
      CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON sent DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION fail_twice()`)
    sendReceipt = ({ db, input, attempt }) => db.execute`INSERT INTO sent VALUES (${input.order_id}, ${attempt})`
    await app.db.enqueue(orderJobs.sendReceipt, { order_id: 7 })
    const runs = await app.runJobs({ forMs: 60_000 })
    expect(runs.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'done'])
    expect(runs[0]).toMatchObject({ error: { message: 'not yet' } })
    expect(await app.db.many`SELECT * FROM sent`).toEqual([{ order_id: 7, attempt: 3 }])
    expect(await jobsLeft()).toBe(0)
  })

  it('sets a job aside whose commit fails each time', async () => {
    await app.db.script('ALTER TABLE sent ADD UNIQUE (order_id) DEFERRABLE INITIALLY DEFERRED')
    await app.db.execute`INSERT INTO sent VALUES (7, 0)`
    sendReceipt = ({ db, input, attempt }) => db.execute`INSERT INTO sent VALUES (${input.order_id}, ${attempt})`
    await app.db.enqueue(orderJobs.sendReceipt, { order_id: 7 })
    const runs = await app.runJobs({ forMs: 60_000 })
    expect(runs.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'dead'])
    expect(await app.db.value`SELECT error::json->>'message' FROM tricube.dead_jobs`).toContain('duplicate key')
    expect(await jobsLeft()).toBe(0)
  })

  it('does not hold up other jobs because of one that always fails', async () => {
    sendReceipt = ({ input }) => {
      if (input.order_id === 1) throw new Error('poison')
    }
    for (let order_id = 1; order_id <= 50; order_id++) await app.db.enqueue(orderJobs.sendReceipt, { order_id })
    const runs = await app.runJobs()
    expect(runs.filter(({ outcome }) => outcome === 'done')).toHaveLength(49)
    expect(await jobsLeft()).toBe(1)
  })

  it('fails an attempt whose input an earlier release has enqueued, and says which field', async () => {
    await app.db.execute`
      INSERT INTO tricube.jobs (name, input, priority, run_at) VALUES ('sendReceipt', '{"orderId":1}', 1, now())`
    expect(await app.runJobs()).toMatchObject([
      { outcome: 'failed', error: { message: expect.stringContaining('order_id') } },
    ])
  })
})

describe('order by key', () => {
  it('runs jobs of one key one after the other, in their order, and those of others beside them', async () => {
    const active = new Set<number>()
    const order: string[] = []
    index = async ({ input }) => {
      expect(active.has(input.order_id)).toBe(false)
      active.add(input.order_id)
      await new Promise((resolve) => setImmediate(resolve))
      order.push(`${input.order_id}${input.note}`)
      active.delete(input.order_id)
    }
    for (let i = 0; i < 40; i++) {
      await app.db.enqueue(orderJobs.index, { order_id: i % 4, note: String.fromCodePoint(97 + Math.floor(i / 4)) })
    }
    expect(await app.runJobs()).toHaveLength(40)
    for (const key of [0, 1, 2, 3]) {
      const own = order.filter((one) => one.startsWith(String(key))).map((one) => one.slice(1))
      expect(own).toEqual([...own].sort())
      expect(own).toHaveLength(10)
    }
    expect(await jobsLeft()).toBe(0)
  })

  it('has later jobs of a key wait for a retry, and goes on after the last one', async () => {
    const order: string[] = []
    index = ({ input, attempt }) => {
      order.push(`${input.note} ${attempt}`)
      if (input.note === 'first') throw new Error('no')
    }
    await app.db.enqueue(orderJobs.index, { order_id: 1, note: 'first' })
    await app.db.enqueue(orderJobs.index, { order_id: 1, note: 'second' })
    await app.db.enqueue(orderJobs.index, { order_id: 2, note: 'other' })
    await app.runJobs()
    expect(order).toEqual(['first 1', 'other 1'])
    await app.runJobs({ forMs: 60_000 })
    expect(order).toEqual(['first 1', 'other 1', 'first 2', 'second 1'])
    expect(await jobsLeft()).toBe(0)
  })

  it('runs a job that came while the one before it was ending', async () => {
    const order: (string | undefined)[] = []
    index = ({ input }) => void order.push(input.note)
    const { id } = await app.db.enqueue(orderJobs.index, { order_id: 1, note: 'first' }, { delayMs: 3_600_000 })
    const running = await app.db.transaction(async (ending) => {
      await ending.execute`DELETE FROM tricube.jobs WHERE id = ${id}` // its end has found no next job to release
      await app.db.enqueue(orderJobs.index, { order_id: 1, note: 'second' })
      const jobs = app.runJobs()
      for (let n = 0; n < 50; n++) await app.db.value`SELECT 1` // meanwhile, jobs are claimed
      return { jobs }
    })
    await running.jobs
    expect(order).toEqual(['second'])
  })
})

describe('seen', () => {
  it('links the span of a job to that of the request that enqueued it', async () => {
    await app.client.placeOrder({ body: { item: 'tea' } })
    await app.runJobs()
    const request = app.spans.find(({ name }) => name.includes('placeOrder'))!
    const job = app.spans.find(({ name }) => name === 'sendReceipt')!
    expect(job).toMatchObject({ kind: 'consumer', links: [{ traceId: request.traceId }] })
    expect(job.traceId).not.toBe(request.traceId)
  })
})

describe('wrong definitions', () => {
  const define = (options: object) => () =>
    service(orderService, { handlers: { placeOrder: () => ({ id: 1 }) }, ...options })

  it.each([
    [
      'no handler',
      { jobs: orderJobs, jobHandlers: {}, models: {} },
      'order-service: jobHandlers: no handler for job sendReceipt',
    ],
    [
      'a handler of no job',
      { jobs: jobs({}), jobHandlers: { sweep: () => {} }, models: {} },
      'jobHandlers.sweep: jobs has no sweep',
    ],
    [
      'no database',
      { jobs: jobs({ sweep: {} }), jobHandlers: { sweep: () => {} } },
      'jobs need a database: give the service models',
    ],
    [
      'jobs that were not made by jobs',
      { jobs: { sweep: {} }, jobHandlers: { sweep: () => {} }, models: {} },
      'jobs.sweep: expected a job that jobs(',
    ],
  ])('rejects %s', (_, options, message) => {
    expect(define(options)).toThrow(message)
  })

  it.each([
    [{ sweep: { retries: -1 } }, 'job sweep: retries must be an integer of at least 0, got -1'],
    [{ sweep: { key: 'id' } }, 'job sweep: key "id" names a field of input, but there is no input'],
    [{ sweep: { input: Order, key: 'id' } }, 'job sweep: key: input has no field "id", expected one of order_id, note'],
    [{ sweep: { globalConcurrency: 0 } }, 'job sweep: globalConcurrency must be an integer of at least 1, got 0'],
    [{ sweep: { rateLimit: { limit: 5 } } }, 'job sweep: rateLimit needs limit and windowMs, like { limit: 100'],
    [
      { sweep: { rateLimit: { limit: 0.5, windowMs: 9 } } },
      'job sweep: rateLimit.limit must be an integer of at least 1',
    ],
    [{ sweep: { every: 5 } }, 'job sweep: unknown field "every"'],
    [{ 'sweep it': {} }, 'job sweep it: the name of a job must be a JavaScript identifier, like sendReceipt'],
    [{ sweep: { input: t.Object({ at: t.Date() }) } }, 'Date is not a JSON type'],
    [{ sweep: { priority: 'urgent' } }, 'job sweep: priority must be one of high, normal, low, got "urgent"'],
  ])('rejects %o', (drafts, message) => {
    expect(() => jobs(drafts as never)).toThrow(message)
  })
})
