/** Work that belongs to no request: hooks, scripts, jobs; with clients, database, log, spans, mocks and the drain. */
import { contract, resource, service, t, type Logger } from 'tricube'
import { testService } from 'tricube/testing'
import { describe, expect, expectTypeOf, it, onTestFinished, vi } from 'vitest'
import { withResolvers } from '../withResolvers.ts'

const rates = contract('rate-service', {
  getRate: { route: 'GET /rates/:to', params: { to: t.String() }, returns: t.Number() },
})
const prices = contract('price-service', { getPrice: { route: 'GET /price', returns: t.Number() } })
const shop = resource({
  open: () => 'shop',
  forRequest: (name, { operation, request }) => `${name} of ${operation}, ${typeof request}`,
})

let rate = 0
const pricing = service(prices, {
  models: {},
  clients: { rates },
  resources: { shop },
  settings: { currency: t.String({ default: 'EUR' }) },
  hooks: {
    async afterStart({ context }) {
      expectTypeOf(context.settings.currency).toEqualTypeOf<string>()
      rate = await context.clients.rates.getRate({ params: { to: context.settings.currency } })
      await context.db.value`SELECT 1`
    },
  },
  handlers: { getPrice: () => 2 * rate },
})
async function started(options: Parameters<typeof testService>[1] = {}) {
  const app = await testService(pricing, { config: { logLevel: 'silent' }, ...options })
  onTestFinished(() => app.close().catch(() => {}))
  return app
}

describe('a function that runs in a service', () => {
  it('has clients, database, resources and settings, and its own span', async () => {
    const app = await started()
    app.mock(rates).getRate.returns(1.5)
    const result = await app.run(async function report(ctx) {
      expectTypeOf(ctx.clients.rates.getRate).returns.resolves.toEqualTypeOf<number>()
      expect(ctx.deadline.remainingMs()).toBe(Number.POSITIVE_INFINITY)
      const value = await ctx.clients.rates.getRate({ params: { to: 'USD' } })
      return [value, await ctx.db.value<number>`SELECT 7`, ctx.shop, ctx.settings.currency, ctx.operation]
    })
    expect(result).toEqual([1.5, 7, 'shop of report, undefined', 'EUR', 'report'])
    const { spans } = app
    const root = spans.find(({ name }) => name === 'report')!
    expect(root.parentId).toBeUndefined()
    const inner = spans.filter((span) => span !== root)
    expect(inner.map(({ parentId, traceId }) => [parentId, traceId])).toEqual([
      [root.id, root.traceId],
      [root.id, root.traceId],
    ])
  })

  it('fails with the error of the function, and so does its span', async () => {
    const app = await started()
    const failing = app.run(() => Promise.reject(new RangeError('too far')), { name: 'failing' })
    await expect(failing).rejects.toThrow('too far')
    expect(app.spans.at(-1)).toMatchObject({ name: 'failing', errorType: 'RangeError' })
  })

  it('fails the test when it makes a call that is not mocked', async () => {
    const app = await started()
    const call = app.run(({ clients }) => clients.rates.getRate({ params: { to: 'USD' } }).catch(() => 0))
    await expect(call).rejects.toThrow('rate-service.getRate')
  })

  it('ends at its timeout or by its signal, and may detach', async () => {
    const app = await started()
    const caller = new AbortController()
    const aborted = (signal: AbortSignal) => new Promise((resolve) => signal.addEventListener('abort', resolve))
    await app.run(({ signal }) => aborted(signal), { timeoutMs: 20 })
    const late = app.run(
      async (ctx) => {
        const over = aborted(ctx.signal)
        caller.abort(new Error('enough'))
        await over
        await expect(ctx.db.transaction((tx) => tx.value`SELECT 1`)).rejects.toThrow('enough')
        return ctx.detached({ timeoutMs: 5000 }).db.value<number>`SELECT 8`
      },
      { signal: caller.signal },
    )
    expect(await late).toBe(8)
    await expect(app.run(() => 1, { timeoutMs: -1 })).rejects.toThrow('timeoutMs: expected a number of ms')
  })

  it('delays the stop of the service until it is done', async () => {
    const app = await started()
    const gate = withResolvers()
    const seen: unknown[] = []
    const running = app.run(async ({ db }) => {
      await gate.promise
      seen.push(await db.value`SELECT 9`)
    })
    const closed = app.close().then(() => seen.push('closed'))
    gate.resolve()
    await Promise.all([running, closed])
    expect(seen).toEqual([9, 'closed'])
  })

  it('opens the service for a script, without listening', async () => {
    vi.stubEnv('DATABASE_URL', process.env['TRICUBE_TEST_DATABASE_URL'])
    vi.stubEnv('TRICUBE_SERVICES', 'rate-service=127.0.0.1:1')
    vi.stubEnv('LOG_LEVEL', 'silent')
    onTestFinished(() => void vi.unstubAllEnvs())
    expect(await pricing.run(({ db }) => db.value<number>`SELECT 10`)).toBe(10)
    expect(pricing.fastify.server.listening).toBe(false)
    await pricing.close()
  })
})

describe('the context of a hook', () => {
  it('exists in afterStart, which a test runs after it has mocked calls', async () => {
    const app = await started()
    app.mock(rates).getRate.returns(4)
    await app.afterStart()
    expect((await app.client.getPrice()).data).toBe(8)
    const root = app.spans.find(({ name }) => name === 'afterStart')!
    expect(app.spans.filter(({ parentId }) => parentId === root.id)).toHaveLength(2)
  })

  it('exists in beforeStart and beforeStop, and not outside of hooks', async () => {
    const seen: unknown[] = []
    let log: Logger | undefined
    const outside: string[] = []
    const app = await testService(
      service(prices, {
        models: {},
        hooks: {
          beforeStart: async ({ context }) => void seen.push(await context.db.value`SELECT 'before start'`),
          afterStart: async (application) => {
            log = application.context.log
            seen.push(await application.run(({ db }) => db.value`SELECT 'after start'`))
            setImmediate(() => {
              try {
                seen.push(application.context)
              } catch (error) {
                outside.push((error as Error).message)
              }
            })
          },
          beforeStop: async ({ context }) => void seen.push(await context.db.value`SELECT 'before stop'`),
        },
        handlers: { getPrice: () => 1 },
      }),
      { afterStart: true },
    )
    await expect.poll(() => outside).toEqual([expect.stringContaining('use run(async (ctx) => …)')])
    expect(log!.bindings()).toMatchObject({ operation: 'afterStart' })
    await app.close()
    expect(seen).toEqual(['before start', 'after start', 'before stop'])
  })

  it('fails the start of a test, by option, when the hook makes a call that is not mocked', async () => {
    await expect(started({ afterStart: true })).rejects.toThrow('rate-service.getRate')
  })
})
