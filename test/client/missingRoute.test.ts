import { BadGateway, contract, MethodNotAllowed, NotFound, service, t } from 'tricube'
import { client } from 'tricube/client'
import { fetchClient } from 'tricube/client/fetch'
import { expect, it, onTestFinished } from 'vitest'

process.env['LOG_LEVEL'] = 'silent'

const id = { id: t.Integer() }
const older = contract('product-service', {
  find: { route: 'GET /products/:id', params: id, returns: t.String(), errors: [NotFound] },
})
const newer = contract('product-service', {
  ...older.operations,
  price: { route: 'GET /products/:id/price', params: id, returns: t.Integer(), errors: [NotFound] },
  rename: { route: 'POST /products/:id', params: id, body: t.Object({ name: t.String() }), returns: t.String() },
})

async function callers() {
  const app = service(older, {
    handlers: {
      find({ params }) {
        throw params.id === 1 ? new NotFound('product 1') : new MethodNotAllowed('not today')
      },
    },
  })
  const { url } = await app.listen()
  onTestFinished(() => app.close())
  const called = client(newer, { url })
  onTestFinished(() => called[Symbol.asyncDispose]())
  return [called, fetchClient(newer, { url })] as const
}

it('is a bad gateway, not a missing record, when the callee does not have the route', async () => {
  for (const caller of await callers()) {
    const failed = await caller.price({ params: { id: 1 } }).catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(BadGateway)
    expect(failed).toMatchObject({
      code: 50200,
      message:
        'product-service.price: product-service responded with 404, but it does not have this route: it runs another ' +
        'release, or its address is that of another service',
    })
  }
})

it('is a bad gateway when the callee has the path with another method', async () => {
  for (const caller of await callers()) {
    const failed = caller.rename({ params: { id: 1 }, body: { name: 'tea' } })
    await expect(failed).rejects.toMatchObject({ code: 50200, message: expect.stringContaining('responded with 405') })
  }
})

it('stays the error of the handler when there is one', async () => {
  for (const caller of await callers()) {
    await expect(caller.find({ params: { id: 1 } })).rejects.toBeInstanceOf(NotFound)
    await expect(caller.find({ params: { id: 2 } })).rejects.toMatchObject({ status: 405 })
  }
})
