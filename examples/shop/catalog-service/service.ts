import { inVersion, NotFound, service } from 'tricube'
import { sql, type Sql } from 'tricube/sql'
import type { z } from 'zod'
import { orderService } from '../order-service/contract.ts'
import { catalogService, type Product } from './contract.ts'

type ProductRow = z.infer<typeof Product>
const { stockReserved, stockMissing } = catalogService.events

const columns = sql`id, name, price_cents, stock`

const shared = {
  async getProduct({ params, db }: { readonly params: { readonly id: number }; readonly db: Pick<Sql, 'maybeOne'> }) {
    const product = await db.maybeOne<ProductRow>`SELECT ${columns} FROM products WHERE id = ${params.id}`
    if (!product) throw new NotFound(`product ${params.id}`)
    return product
  },
}

export default service(catalogService, {
  port: 8110,
  migrations: new URL('./migrations/', import.meta.url),
  seed: new URL('./seed.sql', import.meta.url),
  compress: {},
  handlers: {
    ...inVersion('v1', shared),
    ...inVersion('v2', shared),

    v1_listProducts: ({ db }) => db.many<ProductRow>`SELECT ${columns} FROM products ORDER BY id`,

    async v2_listProducts({ query: { cursor = 0, size, name = '' }, db }) {
      const rows = await db.many<ProductRow>`
        SELECT ${columns} FROM products
        WHERE id > ${cursor} AND position(lower(${name}) IN lower(name)) > 0
        ORDER BY id LIMIT ${size + 1}`
      const items = rows.slice(0, size)
      return { items, next: rows.length > size ? items.at(-1)!.id : null }
    },

    async v2_putPicture({ params, body, db }) {
      const bytes = await body.bytes()
      const stored = await db.execute`
        INSERT INTO pictures (product_id, type, sha256, bytes)
        SELECT id, ${body.type}, ${body.received!.sha256}, ${bytes} FROM products WHERE id = ${params.id}
        ON CONFLICT (product_id) DO UPDATE
        SET type = excluded.type, sha256 = excluded.sha256, bytes = excluded.bytes`
      if (stored === 0) throw new NotFound(`product ${params.id}`)
    },

    async v2_getPicture({ params, db }) {
      const picture = await db.maybeOne<{ type: string; sha256: string; bytes: Buffer }>`
        SELECT type, sha256, bytes FROM pictures WHERE product_id = ${params.id}`
      if (!picture) throw new NotFound(`picture of product ${params.id}`)
      return { content: picture.bytes, type: picture.type, version: picture.sha256, inline: true }
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
