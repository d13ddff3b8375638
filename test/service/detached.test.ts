/** Work that outlives its request: over sockets, with a real PostgreSQL, after a deadline, a hang-up, and while the service stops. */
import pg from 'pg'
import { contract, resource, service, t, type WorkContext } from 'tricube'
import { testService } from 'tricube/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { withResolvers } from '../withResolvers.ts'

const Item = t.Object({ item: t.String() })
const stockService = contract('stock-service', {
  reserve: { route: 'POST /reservations', body: Item, returns: t.Null() },
  release: { route: 'POST /releases', body: Item, returns: t.Null() },
})
const orderService = contract('order-service', {
  slow: { route: 'POST /slow', body: Item, returns: t.Null(), timeoutMs: 300 },
  patient: { route: 'POST /patient', body: Item, returns: t.Null() },
})

const reserved = new Set<string>()
const stock = service(stockService, {
  admission: false,
  handlers: {
    reserve: ({ body }) => (reserved.add(body.item), null),
    release: ({ body }) => (reserved.delete(body.item), null),
  },
})

/** The signal aborts. */
const isOver = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve())
  })

/** What a call of the request's own context rejects with when the request is over. */
let rejected: unknown
const orders = service(orderService, {
  models: {},
  admission: false,
  clients: { stock: stockService },
  handlers: {
    slow: placeOrder,
    patient: placeOrder,
  },
})

/** Reserves, waits for something that never comes, and undoes what it has done. */
async function placeOrder(ctx: OrderContext & { body: { item: string } }): Promise<null> {
  const { item } = ctx.body
  await ctx.clients.stock.reserve({ body: { item } })
  await isOver(ctx.signal)
  rejected = await ctx.clients.stock.release({ body: { item } }).catch((error: Error) => error)
  const undo = ctx.detached({ timeoutMs: 10_000 })
  await undo.clients.stock.release({ body: { item } })
  await undo.db.transaction(async (tx) => {
    await tx.execute`INSERT INTO undone VALUES (${item})`
    await tx.execute`SELECT pg_sleep(0.1)`
  })
  return null
}
type OrderContext = WorkContext<{ stock: typeof stockService }>

const database = new pg.Client(process.env['TRICUBE_TEST_DATABASE_URL'])
let url: string
beforeAll(async () => {
  vi.stubEnv('LOG_LEVEL', 'silent')
  vi.stubEnv('TRICUBE_SERVICES', `stock-service=${new URL((await stock.listen()).url).host}`)
  vi.stubEnv('DATABASE_URL', process.env['TRICUBE_TEST_DATABASE_URL'])
  await database.connect()
  await database.query('CREATE TABLE undone (item text)')
  url = (await orders.listen()).url
})
afterAll(async () => {
  await orders.close()
  await stock.close()
  await database.query('DROP TABLE undone')
  await database.end()
  vi.unstubAllEnvs()
})
beforeEach(() => void (rejected = undefined))

const post = (path: string, item: string, signal?: AbortSignal): Promise<Response> =>
  fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ item }),
    ...(signal && { signal }),
  })
const undoneRows = async (item: string): Promise<number | null> =>
  (await database.query('SELECT 1 FROM undone WHERE item = $1', [item])).rowCount
const soon = { timeout: 10_000 }

describe('a detached context', () => {
  it('undoes a step after the deadline, when the context of the request has ended', async () => {
    expect((await post('/slow', 'lamp')).status).toBe(504)
    await expect.poll(() => undoneRows('lamp'), soon).toBe(1)
    expect(reserved).not.toContain('lamp')
    expect(rejected).toMatchObject({ status: 504 })
  })

  it('undoes a step after the caller has hung up', async () => {
    const caller = new AbortController()
    const call = post('/patient', 'chair', caller.signal).catch((error: Error) => error.name)
    await expect.poll(() => reserved, soon).toContain('chair')
    caller.abort()
    expect(await call).toBe('AbortError')
    await expect.poll(() => undoneRows('chair'), soon).toBe(1)
    expect(reserved).not.toContain('chair')
    expect(rejected).toMatchObject({ status: 499 })
  })
})

const notes = contract('note-service', {
  note: { route: 'POST /note/:id', params: { id: t.Integer() }, returns: t.String(), idempotent: 'by key' },
})
type Note = (ctx: WorkContext & { tenant: string; params: { id: number } }) => string | Promise<string>
async function noted(note: Note, options: object = {}) {
  const tenant = resource({
    open: () => 'tenant',
    forRequest: (name, { request }) => `${name} ${String(request?.headers['x-tenant'])}`,
  })
  const app = await testService(service(notes, { models: {}, resources: { tenant }, handlers: { note }, ...options }), {
    config: { logLevel: 'silent' },
  })
  onTestFinished(() => app.close().catch(() => {}))
  return app
}

describe('the members of a detached context', () => {
  it('are the span, the resources and settings of the request, and its own deadline', async () => {
    const app = await noted(async (ctx) => {
      const detached = ctx.detached({ timeoutMs: 60_000 })
      const again = detached.detached({ timeoutMs: 1000 })
      await detached.db.value`SELECT 1`
      expect(detached.deadline.remainingMs()).toBeGreaterThan(50_000)
      expect(again.deadline.remainingMs()).toBeLessThanOrEqual(1000)
      expect(detached.span).toBe(ctx.span)
      expect(detached.signal).not.toBe(ctx.signal)
      expect(detached).not.toHaveProperty('idempotencyKey')
      return `${detached.tenant} of ${detached.operation}, ${again.tenant}`
    })
    const { body } = await app.inject({
      method: 'POST',
      url: '/note/1',
      headers: { 'x-tenant': 'a', 'x-request-timeout-ms': '20000' },
    })
    expect(JSON.parse(body)).toEqual({ code: 0, data: 'tenant a of note, tenant a' })
    const request = app.spans.find(({ name }) => name === 'note')!
    const statement = app.spans.find(({ name }) => name.startsWith('SELECT'))!
    expect(statement.parentId).toBe(request.id)
  })

  it('end at its own deadline', async () => {
    const { promise, resolve } = withResolvers<AbortSignal>()
    const app = await noted((ctx) => (resolve(ctx.detached({ timeoutMs: 20 }).signal), 'done'))
    await app.client.note({ params: { id: 1 } })
    const signal = await promise
    await isOver(signal)
    expect(signal.reason).toMatchObject({ status: 504 })
  })

  it('are not rolled back with an idempotency key', async () => {
    const app = await noted(async (ctx) => {
      await ctx.db.execute`INSERT INTO noted VALUES ('own')`
      await ctx.detached({ timeoutMs: 5000 }).db.execute`INSERT INTO noted VALUES ('detached')`
      throw new Error('fails')
    })
    await app.db.script('CREATE TABLE noted (text text)')
    const response = await app.inject({ method: 'POST', url: '/note/1', headers: { 'idempotency-key': 'k' } })
    expect(response.statusCode).toBe(500)
    expect(await app.db.many`SELECT text FROM noted`).toEqual([{ text: 'detached' }])
  })

  it.each([0, -5, Number.NaN, Number.POSITIVE_INFINITY, '5' as never])(
    'reject a timeout of %s ms',
    async (timeoutMs) => {
      let message = ''
      const app = await noted((ctx) => {
        try {
          ctx.detached({ timeoutMs })
        } catch (error) {
          message = (error as Error).message
        }
        return 'done'
      })
      await app.client.note({ params: { id: 1 } })
      expect(message).toBe(`timeoutMs: expected a number of ms from 1 to 2147483647, got ${timeoutMs}`)
    },
  )
})

describe('a service that stops', () => {
  it('waits for a handler with a detached context after its request has ended', async () => {
    const gate = withResolvers()
    const seen: string[] = []
    const app = await noted(async (ctx) => {
      await isOver(ctx.signal)
      const { db } = ctx.detached({ timeoutMs: 60_000 })
      seen.push('detached')
      await gate.promise
      seen.push(await db.value<string>`SELECT 'undone'`)
      return 'late'
    })
    const response = await app.inject({ method: 'POST', url: '/note/1', headers: { 'x-request-timeout-ms': '30' } })
    expect(response.statusCode).toBe(504)
    await expect.poll(() => seen).toEqual(['detached'])
    const closed = app.close().then(() => seen.push('closed'))
    gate.resolve()
    await closed
    expect(seen).toEqual(['detached', 'undone', 'closed'])
  })

  it('waits for the promises of `waitUntil`, even if they reject', async () => {
    const gate = withResolvers()
    const seen: string[] = []
    const app = await noted((ctx) => {
      const { db } = ctx.detached({ timeoutMs: 60_000 })
      ctx.waitUntil(gate.promise.then(async () => seen.push(await db.value<string>`SELECT 'mailed'`)))
      ctx.waitUntil(gate.promise.then(() => Promise.reject(new Error('no such mailbox'))))
      return 'done'
    })
    await app.client.note({ params: { id: 1 } })
    const closed = app.close().then(() => seen.push('closed'))
    gate.resolve()
    await closed
    expect(seen).toEqual(['mailed', 'closed'])
  })

  it('rejects a function in place of a promise, and a context without its time limit', async () => {
    const app = await noted((ctx) => {
      expect(() => ctx.waitUntil((() => Promise.resolve()) as never)).toThrow(
        'waitUntil: expected a promise, got a function',
      )
      expect(() => ctx.detached(undefined as never)).toThrow('timeoutMs: expected a number of ms')
      return 'done'
    })
    expect(await app.client.note({ params: { id: 1 } })).toMatchObject({ status: 200, data: 'done' })
    await app.close()
  })

  it('names and cancels work that does not finish within the drain', async () => {
    const { promise, resolve } = withResolvers<AbortSignal>()
    const app = await noted(
      (ctx) => {
        const { signal } = ctx.detached({ timeoutMs: 60_000 })
        ctx.waitUntil(isOver(signal))
        resolve(signal)
        return 'done'
      },
      { drain: { timeoutMs: 50 } },
    )
    await app.client.note({ params: { id: 1 } })
    const message = /^note-service: still in flight after 0\.1 s: background work of note 0\.\d s$/
    await expect(app.close()).rejects.toThrow(message)
    expect((await promise).reason).toMatchObject({ message: expect.stringMatching(message) as string })
  })

  it('logs promises of `waitUntil` that reject', async () => {
    vi.stubEnv('LOG_LEVEL', 'error')
    const lines: string[] = []
    const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => (lines.push(String(text)), true))
    onTestFinished(() => write.mockRestore())
    const app = service(contract('mail-service', { send: { route: 'GET /send', returns: t.Null() } }), {
      hooks: {
        beforeStart: ({ log }) =>
          void vi.spyOn(log, 'error').mockImplementation((...line) => void lines.push(JSON.stringify(line[0]))),
      },
      handlers: { send: (ctx) => (ctx.waitUntil(Promise.reject(new Error('no such mailbox'))), null) },
    })
    await app.inject('/send')
    await app.close()
    expect(lines.join()).toContain('"operation":"send"')
  })
})
