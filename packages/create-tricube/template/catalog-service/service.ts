import { NotFound, service, type Static } from 'tricube'
import { catalogService, type Product } from './contract.ts'

type ProductRow = Static<typeof Product>

export default service(catalogService, {
  port: 8010,
  migrations: new URL('./migrations/', import.meta.url),
  seed: new URL('./seed.sql', import.meta.url),
  handlers: {
    async getProduct({ params, db }) {
      const product = await db.maybeOne<ProductRow>`SELECT id, name, price_cents FROM products WHERE id = ${params.id}`
      if (!product) throw new NotFound(`product ${params.id}`)
      return product
    },

    async listProducts({ query: { page, size }, db }) {
      const [items, total] = await Promise.all([
        db.many<ProductRow>`
          SELECT id, name, price_cents FROM products ORDER BY id LIMIT ${size} OFFSET ${(page - 1) * size}`,
        db.value<number>`SELECT count(*) FROM products`,
      ])
      return { items, total }
    },
  },
})
