import { contract, NotFound, t, UnprocessableEntity } from 'tricube'

export const Order = t.Object(
  { id: t.Int32(), product_id: t.Int32(), quantity: t.Int32(), total_cents: t.Int32() },
  { $id: 'Order' },
)
const NewOrder = t.Object(
  { product_id: t.Int32(), quantity: t.Int32({ minimum: 1, maximum: 100 }) },
  { $id: 'NewOrder' },
)

export const orderService = contract('order-service', {
  placeOrder: {
    route: 'POST /orders',
    summary: 'order a product',
    body: NewOrder,
    returns: Order,
    errors: [UnprocessableEntity],
  },
  getOrder: {
    route: 'GET /orders/:id',
    summary: 'get an order',
    params: { id: t.Int32() },
    returns: Order,
    errors: [NotFound],
  },
})
