import { NotFound } from 'tricube'
import { testService } from 'tricube/testing'
import { expect, it } from 'vitest'
import { catalogService } from '../catalog-service/contract.ts'
import service from './service.ts'

it('stores an order with its total', async () => {
  await using app = await testService(service)
  app.mock(catalogService).getProduct.returns({ id: 1, name: 'Green tea', price_cents: 450 })
  const { data: order } = await app.client.placeOrder({ body: { product_id: 1, quantity: 2 } })
  expect(order).toEqual({ id: 1, product_id: 1, quantity: 2, total_cents: 900 })
  expect((await app.client.getOrder({ params: { id: order.id } })).data).toEqual(order)
})

it('rejects an order of a product that does not exist', async () => {
  await using app = await testService(service)
  app.mock(catalogService).getProduct.throws(new NotFound('product 9'))
  const placed = app.client.placeOrder({ body: { product_id: 9, quantity: 1 } })
  await expect(placed).rejects.toMatchObject({ status: 422, message: expect.stringContaining('product 9') })
})
