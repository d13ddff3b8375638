import { NotFound, service, type Static } from 'tricube'
import { orderService } from '../order-service/contract.ts'
import { catalogService, type Product } from './contract.ts'

type ProductRow = Static<typeof Product>
const { stockReserved, stockMissing } = catalogService.events

export default service(catalogService, {
  port: 8110,
  migrations: new URL('./migrations/', import.meta.url),
  seed: new URL('./seed.sql', import.meta.url),
  handlers: {
    listProducts: ({ db }) => db.many<ProductRow>`SELECT id, name, price_cents, stock FROM products ORDER BY id`,

    async getProduct({ params, db }) {
      const product = await db.maybeOne<ProductRow>`
        SELECT id, name, price_cents, stock FROM products WHERE id = ${params.id}`
      if (!product) throw new NotFound(`product ${params.id}`)
      return product
    },
  },
  subscriptions: {
    // `db` is one transaction: the stock, the reservation and the event are committed together.
    reserve: {
      event: orderService.events.orderPlaced,
      async handler({ event: { order_id, product_id, quantity }, db }) {
        const taken = await db.execute`
          UPDATE products SET stock = stock - ${quantity} WHERE id = ${product_id} AND stock >= ${quantity}`
        if (taken === 0) return db.publish(stockMissing, { order_id })
        await db.execute`INSERT INTO reservations ${db.values({ order_id, product_id, quantity })}`
        await db.publish(stockReserved, { order_id })
      },
    },

    // Undoes `reserve`. An order without a reservation has nothing to undo.
    release: {
      event: orderService.events.orderCanceled,
      handler: ({ event: { order_id }, db }) => db.execute`
        WITH released AS (DELETE FROM reservations WHERE order_id = ${order_id} RETURNING product_id, quantity)
        UPDATE products SET stock = stock + released.quantity FROM released WHERE id = released.product_id`,
    },
  },
})
