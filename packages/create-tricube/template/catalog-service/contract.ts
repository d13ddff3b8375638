import { contract, NotFound, t } from 'tricube'

export const Product = t.Object(
  { id: t.Int32(), name: t.String(), price_cents: t.Int32({ minimum: 0 }) },
  { $id: 'Product' },
)

export const catalogService = contract('catalog-service', {
  getProduct: {
    route: 'GET /products/:id',
    summary: 'get a product',
    params: { id: t.Int32() },
    returns: Product,
    errors: [NotFound],
  },
  listProducts: {
    route: 'GET /products',
    summary: 'list products',
    paginated: true,
    returns: Product,
  },
})
