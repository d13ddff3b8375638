import { contract, t } from 'tricube'

export const Order = t.Object({ id: t.Integer(), item: t.String() })

export const orderService = contract('order-service', {
  placeOrder: { route: 'POST /orders', body: t.Object({ item: t.String() }), returns: Order },
})
