import { contract, t } from 'tricube'

export const orderService = contract('order-service', { countOrders: { route: 'GET /orders', returns: t.Integer() } })
