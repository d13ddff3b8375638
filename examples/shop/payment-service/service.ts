import { PaymentRequired, service } from 'tricube'
import { jwt, serviceTokens } from 'tricube/auth'
import { bank } from './bank.ts'
import { paymentService } from './contract.ts'

export default service(paymentService, {
  port: 8130,
  resources: { bank },
  // The key of each service is in SERVICE_KEYS_DIR. tricube dev makes them.
  auth: { user: jwt(), service: serviceTokens() },
  migrations: new URL('./migrations/', import.meta.url),
  handlers: {
    async charge({ body: { amount_cents, card }, bank, db, idempotencyKey }) {
      // The key is the same at each attempt: the bank charges once, even if this process dies before it hears so.
      const receipt = await bank.charge({ key: idempotencyKey ?? crypto.randomUUID(), amount_cents, card })
      if ('declined' in receipt) throw new PaymentRequired('the card was declined')
      const charge = { id: receipt.id, amount_cents }
      await db.execute`INSERT INTO charges ${db.values(charge)} ON CONFLICT (id) DO NOTHING`
      return charge
    },

    listCharges: ({ db }) => db.many`SELECT id, amount_cents FROM charges ORDER BY charged_at`,
  },
})
