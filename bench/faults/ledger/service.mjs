// The ledger, in a process of its own.
import { service } from 'tricube'
import { ledgerService } from './contract.mjs'

process.on('disconnect', () => process.exit())

const app = service(ledgerService, {
  handlers: {
    getBalance: ({ params, db }) => db.value`SELECT balance FROM accounts WHERE id = ${params.id}`,

    async transfer({ body: { id, source, target, amount }, db }) {
      await db.transaction(async (tx) => {
        // Always the lower id first, so that no two transfers wait for each other.
        for (const id of [source, target].sort((a, b) => a - b)) {
          await tx.execute`UPDATE accounts SET balance = balance + ${id === source ? -amount : amount} WHERE id = ${id}`
        }
        await tx.execute`INSERT INTO transfers VALUES (${id})`
      })
      return null
    },
  },
})
const { url } = await app.listen()
process.send({ url })
