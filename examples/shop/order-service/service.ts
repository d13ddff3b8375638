import { csv, NotFound, PaymentRequired, service, type Static, UnprocessableEntity } from 'tricube'
import { apiKeys, jwt } from 'tricube/auth'
import { sql, type Sql } from 'tricube/sql'
import { catalogV2 } from '../catalog-service/contract.ts'
import { paymentService } from '../payment-service/contract.ts'
import { type Order, orderService } from './contract.ts'
import { orderJobs } from './jobs.ts'

type OrderRow = Static<typeof Order>
const { orderPlaced, orderPaid, orderCanceled } = orderService.events

const columns = sql`id, product_id, quantity, total_cents, email, state, reason`

export default service(orderService, {
  port: 8120,
  clients: { catalog: catalogV2, payments: paymentService },
  migrations: new URL('./migrations/', import.meta.url),
  jobs: orderJobs,
  // In development, the issuer of tricube dev logs you in. In production, set AUTH_ISSUER.
  auth: { user: jwt(), key: apiKeys() },
  policies: {
    getOrder: async ({ user, params, db }) =>
      user.scopes.includes('orders:all') ||
      db.value<boolean>`SELECT NOT EXISTS (SELECT FROM orders WHERE id = ${params.id} AND customer <> ${user.id})`,
  },
  handlers: {
    async placeOrder({ body, user, db, clients: { catalog } }) {
      const product = await catalog.getProduct({ params: { id: body.product_id } }).catch((error) => {
        throw error instanceof NotFound ? new UnprocessableEntity(`product ${body.product_id} does not exist`) : error
      })
      const order = { ...body, customer: user.id, total_cents: product.price_cents * body.quantity }
      // The event is committed with the order, or neither is.
      return db.transaction(async (tx) => {
        const placed = await tx.one<OrderRow>`INSERT INTO orders ${tx.values(order)} RETURNING ${columns}`
        const { id: order_id, product_id, quantity } = placed
        await tx.publish(orderPlaced, { order_id, product_id, quantity })
        return placed
      })
    },

    async getOrder({ params, db }) {
      const order = await db.maybeOne<OrderRow>`SELECT ${columns} FROM orders WHERE id = ${params.id}`
      if (!order) throw new NotFound(`order ${params.id}`)
      return order
    },

    exportOrders: ({ db }) => ({
      content: csv(db.stream`SELECT ${columns} FROM orders ORDER BY id`),
      name: 'orders.csv',
    }),

    listReports: ({ db }) => db.many`SELECT day, orders, total_cents FROM reports ORDER BY day DESC`,
  },
  subscriptions: {
    // A crash after the charge repeats it with the same key, so the customer pays once.
    pay: {
      event: catalogV2.events.stockReserved,
      async handler({ event: { order_id }, db, clients: { payments } }) {
        const { total_cents, card, email } = await db.one<{ total_cents: number; card: string; email: string }>`
          SELECT total_cents, card, email FROM orders WHERE id = ${order_id}`
        try {
          const charge = { amount_cents: total_cents, card }
          await payments.charge({ body: charge }, { idempotencyKey: `order-${order_id}` })
        } catch (error) {
          if (!(error instanceof PaymentRequired)) throw error // it is retried
          return cancel(db, order_id, 'the card was declined')
        }
        await db.execute`UPDATE orders SET state = 'paid', paid_at = now() WHERE id = ${order_id}`
        await db.publish(orderPaid, { order_id, email, total_cents })
      },
    },

    giveUp: {
      event: catalogV2.events.stockMissing,
      handler: ({ event: { order_id }, db }) => cancel(db, order_id, 'out of stock'),
    },
  },
  jobHandlers: {
    closeDay: ({ due, db }) => db.execute`
      INSERT INTO reports (day, orders, total_cents)
      SELECT day, count(id), coalesce(sum(total_cents), 0)
      FROM (SELECT (${due}::timestamptz AT TIME ZONE 'Europe/Berlin')::date - 1 AS day) AS yesterday
      LEFT JOIN orders ON (paid_at AT TIME ZONE 'Europe/Berlin')::date = day
      GROUP BY day`,
  },
})

/** Cancels an order. The event has the catalog release its stock. */
async function cancel(db: Pick<Sql, 'one' | 'publish'>, order_id: number, reason: string): Promise<void> {
  const { email } = await db.one<{ email: string }>`
    UPDATE orders SET state = 'canceled', reason = ${reason} WHERE id = ${order_id} RETURNING email`
  await db.publish(orderCanceled, { order_id, email, reason })
}
