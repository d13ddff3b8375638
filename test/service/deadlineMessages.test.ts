import { contract, service, t } from 'tricube'
import { testService } from 'tricube/testing'
import { expect, it, onTestFinished, vi } from 'vitest'
import { callee, productService } from '../client/callee.ts'
import { logging } from '../log/logFile.ts'
import { freshDatabase } from '../sql/freshDatabase.ts'
import { withResolvers } from '../withResolvers.ts'

const orders = contract('order-service', {
  place: { route: 'POST /orders', timeoutMs: 100, returns: t.Unknown() },
  wait: { route: 'GET /wait', timeoutMs: 50, returns: t.Unknown() },
})
const silent = { logLevel: 'silent' } as const

it('names the operation, and in the log the calls without a response', async () => {
  const { address } = await callee('product-service', () => 'silence')
  vi.stubEnv('TRICUBE_SERVICES', `product-service=${address}`)
  onTestFinished(() => void vi.unstubAllEnvs())
  const caught: Error[] = []
  const ended = withResolvers<undefined>()
  const { app, lines } = await logging(orders, {
    clients: { products: productService },
    handlers: {
      async place({ clients: { products } }: any) {
        const calls = [1, 2].map((id) => products.getProduct({ params: { id } }))
        await Promise.all(calls).catch((error: Error) => caught.push(error))
        ended.resolve(undefined)
        await new Promise(() => {}) // until the deadline of the request
      },
      wait: () => new Promise(() => {}),
    },
  })
  const responses = [await app.inject({ method: 'POST', url: '/orders' }), await app.inject('/wait')]
  await ended.promise
  expect(responses.map((response) => response.json().error)).toEqual(['the deadline is past', 'the deadline is past'])
  expect(caught[0]!.message).toMatch(
    /^(?:place: the deadline is past|product-service.getProduct: product-service did not respond within \d+ ms)$/,
  )
  const failed = (await lines()).filter(({ msg }) => msg === 'failed')
  expect(failed.map(({ operation, cause }) => [operation, cause])).toEqual([
    ['place', 'no response to product-service.getProduct'],
    ['wait', undefined],
  ])
})

it.each(['a statement', 'a transaction'])('names in the log the statement that %s was waiting for', async (kind) => {
  await using fresh = await freshDatabase()
  vi.stubEnv('DATABASE_URL', fresh.url)
  onTestFinished(() => void vi.unstubAllEnvs())
  const ended = withResolvers<undefined>()
  const query = (db: any): Promise<unknown> => db.one`SELECT pg_sleep(30), ${'secret'}::text, 'literal'`
  const reports = contract('report-service', {
    ping: { route: 'GET /ping', returns: t.Unknown() },
    sum: { route: 'GET /sum', timeoutMs: 300, returns: t.Unknown() },
  })
  const { app, lines } = await logging(reports, {
    database: {},
    handlers: {
      ping: ({ db }: any) => db.transaction((tx: any) => tx.execute`SELECT`), // connects
      sum: ({ db }: any) =>
        (kind === 'a statement' ? query(db) : db.transaction(query)).finally(() => ended.resolve(undefined)),
    },
  })
  await app.inject('/ping')
  expect((await app.inject('/sum')).statusCode).toBe(504)
  await ended.promise
  const stopped = await lines() // stops although the server would run the statement for 30 s
  expect(stopped.find(({ statement }) => statement)).toMatchObject({
    level: 'warn',
    operation: 'sum',
    request_id: expect.any(String),
    statement: 'SELECT pg_sleep(?), $1::text, ?',
    msg: 'the deadline cancelled a statement',
  })
})

it('is that of a statement of a detached context, too', async () => {
  await using app = await testService(service(orders, { database: {}, handlers: { place: () => 1, wait: () => 1 } }), {
    config: silent,
  })
  const late = app.run((ctx) => ctx.detached({ timeoutMs: 30 }).db.execute`SELECT pg_sleep(5)`, { name: 'sweep' })
  await expect(late).rejects.toThrow('sweep: the deadline is past')
  const run = app.run(({ db }) => db.execute`SELECT pg_sleep(5)`, { name: 'report', timeoutMs: 30 })
  await expect(run).rejects.toThrow('report: the deadline is past')
})
