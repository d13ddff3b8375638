// An instance that publishes, in a process of its own.
import { service } from 'tricube'
import { payingService } from './contract.mjs'

process.on('disconnect', () => process.exit())

const app = service(payingService, {
  models: {},
  handlers: {
    async pay({ body: { account, amount }, db }) {
      await db.transaction(async (tx) => {
        // The lock on the account is held until the commit: the payments of one account have an order.
        const { nth } = await tx.one`
          UPDATE accounts SET balance = balance - ${amount}, payments = payments + 1 WHERE id = ${account}
          RETURNING payments AS nth`
        if (Math.random() < 0.1) await tx.execute`SELECT pg_sleep(${Math.random() * 0.2}::float8)`
        await tx.publish(payingService.events.paid, { account, nth, amount })
        if (Math.random() < 0.05) throw new Error('rolled back, with its event')
      })
      return null
    },
  },
})
const { url } = await app.listen()
process.send({ url })
