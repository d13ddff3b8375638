import { NotFound, service, type Static, UnprocessableEntity } from 'tricube'
import { catalogService } from '../catalog-service/contract.ts'
import { type Order, orderService } from './contract.ts'

type OrderRow = Static<typeof Order>

export default service(orderService, {
  port: 8020,
  clients: { catalog: catalogService },
  migrations: new URL('./migrations/', import.meta.url),
  handlers: {
    async placeOrder({ body, db, clients: { catalog } }) {
      const product = await catalog.getProduct({ params: { id: body.product_id } }).catch((error) => {
        throw error instanceof NotFound ? new UnprocessableEntity(`product ${body.product_id} does not exist`) : error
      })
      const order = { ...body, total_cents: product.price_cents * body.quantity }
      return db.one<OrderRow>`
        INSERT INTO orders ${db.values(order)} RETURNING id, product_id, quantity, total_cents`
    },

    async getOrder({ params, db }) {
      const order = await db.maybeOne<OrderRow>`
        SELECT id, product_id, quantity, total_cents FROM orders WHERE id = ${params.id}`
      if (!order) throw new NotFound(`order ${params.id}`)
      return order
    },
  },
})
