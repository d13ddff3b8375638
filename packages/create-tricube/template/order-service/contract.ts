import { contract, NotFound, t, UnprocessableEntity } from 'tricube'

export const Order = t.Object(
  { id: t.Integer(), product_id: t.Integer(), quantity: t.Integer(), total_cents: t.Integer() },
  { $id: 'Order' },
)
const NewOrder = t.Object(
  { product_id: t.Integer(), quantity: t.Integer({ minimum: 1, maximum: 100 }) },
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
    params: { id: t.Integer() },
    returns: Order,
    errors: [NotFound],
  },
})
