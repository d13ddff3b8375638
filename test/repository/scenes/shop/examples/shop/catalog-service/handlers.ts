import { NotFound } from 'tricube'

function missing(): never {
  throw new NotFound('product 1')
}

export const handlers = {
  v1_getProduct: missing,
  v1_listProducts: () => [],
  v2_getProduct: missing,
  v2_listProducts: () => ({ items: [] }),
  v2_putPicture: missing,
  v2_getPicture: missing,
}
