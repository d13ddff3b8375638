import { contract, file, NotFound, upload, versions } from 'tricube'
import { z } from 'zod'

export const Product = z
  .object({
    id: z.int32(),
    name: z.string(),
    price_cents: z.int(),
    stock: z.int().describe('what is left to sell'),
  })
  .meta({ id: 'Product' })

const OfOrder = z.object({ order_id: z.int32() })
const params = { id: z.int32() }
const tags = ['products']

const getProduct = {
  route: 'GET /products/:id',
  summary: 'get a product',
  tags,
  params,
  returns: Product,
  etag: true,
  errors: [NotFound],
} as const

/** For apps from before there were pages. */
const catalogV1 = contract('catalog-service', {
  getProduct,
  listProducts: {
    route: 'GET /products',
    summary: 'list all products',
    tags,
    deprecated: { since: '2026-10-01', sunset: '2027-04-01' },
    returns: z.array(Product),
  },
})

export const catalogV2 = contract(
  'catalog-service',
  {
    getProduct,
    listProducts: {
      route: 'GET /products',
      summary: 'list products, page by page',
      tags,
      query: { name: z.string().max(128).optional() },
      paginated: 'cursor',
      cursor: z.int32(),
      returns: Product,
    },
    putPicture: {
      route: 'PUT /products/:id/picture',
      summary: 'upload the picture of a product',
      tags,
      params,
      body: upload({ types: ['image/png', 'image/jpeg'], maxBytes: 1_000_000 }),
      status: 204,
      errors: [NotFound],
    },
    getPicture: {
      route: 'GET /products/:id/picture',
      summary: 'get the picture of a product',
      tags,
      params,
      cacheControl: 'public, max-age=60',
      returns: file('image/png'),
      errors: [NotFound],
    },
  },
  {
    prefix: '/v2',
    events: {
      stockReserved: { payload: OfOrder, key: 'order_id', description: 'What was ordered is set aside.' },
      stockMissing: { payload: OfOrder, key: 'order_id', description: 'There is not enough of what was ordered.' },
    },
  },
)

/** What the service serves. Callers import the version that they use. */
export const catalogService = versions({ v1: catalogV1, v2: catalogV2 })
