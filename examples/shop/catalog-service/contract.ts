import { contract, NotFound, t } from 'tricube'

export const Product = t.Object(
  {
    id: t.Integer(),
    name: t.String(),
    price_cents: t.Integer(),
    stock: t.Integer({ description: 'what is left to sell' }),
  },
  { $id: 'Product' },
)

const OfOrder = t.Object({ order_id: t.Integer() })

export const catalogService = contract(
  'catalog-service',
  {
    listProducts: {
      route: 'GET /products',
      summary: 'list all products',
      tags: ['products'],
      returns: t.Array(Product),
    },
    getProduct: {
      route: 'GET /products/:id',
      summary: 'get a product',
      tags: ['products'],
      params: { id: t.Integer() },
      returns: Product,
      errors: [NotFound],
    },
  },
  {
    events: {
      stockReserved: { payload: OfOrder, key: 'order_id', description: 'What was ordered is set aside.' },
      stockMissing: { payload: OfOrder, key: 'order_id', description: 'There is not enough of what was ordered.' },
    },
  },
)
