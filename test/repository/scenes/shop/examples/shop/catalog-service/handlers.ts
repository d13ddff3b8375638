import { NotFound } from 'tricube'

export const handlers = {
  listProducts: () => [],
  getProduct: () => {
    throw new NotFound('product 1')
  },
}
