import { contract, t } from 'tricube'

export const cartService = contract('cart-service', {
  getCart: { route: 'GET /carts/:id', params: { id: t.String() }, returns: t.Array(t.String()) },
})
