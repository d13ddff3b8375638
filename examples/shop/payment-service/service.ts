import { secret, service, t, Unauthorized, verifySignature } from 'tricube'
import { jwt, serviceTokens } from 'tricube/auth'
import { bank } from './bank.ts'
import { paymentService } from './contract.ts'

interface ChargeRow {
  id: string
  amount_cents: number
  state: 'authorized' | 'settled'
}

/** What the bank tells by its webhook. */
interface BankEvent {
  readonly type: string
  readonly charge: string
}

export default service(paymentService, {
  port: 8130,
  // The key of each service is in SERVICE_KEYS_DIR. tricube dev makes them.
  auth: { user: jwt(), service: serviceTokens() },
  clients: { bank },
  settings: {
    bankUrl: t.String({ default: 'http://127.0.0.1:8150' }),
    bankSecret: secret(t.Optional(t.String({ minLength: 24 }))),
  },
  calls: { bank: { url: ({ bankUrl }) => bankUrl } },
  migrations: new URL('./migrations/', import.meta.url),
  handlers: {
    async charge({ body: { amount_cents, card }, clients: { bank }, db, idempotencyKey }) {
      // The key is the same at each attempt: the bank charges once, even if this process dies before it hears so.
      const body = { amount: amount_cents, currency: 'EUR', card }
      const { id } = await bank.charge({ body }, { idempotencyKey: idempotencyKey ?? crypto.randomUUID() })
      const charge = { id, amount_cents, state: 'authorized' } as const
      await db.execute`INSERT INTO charges ${db.values(charge)} ON CONFLICT (id) DO NOTHING`
      return charge
    },

    async listCharges({ query: { cursor = '', size }, db }) {
      const rows = await db.many<ChargeRow>`
        SELECT id, amount_cents, state FROM charges WHERE id > ${cursor} ORDER BY id LIMIT ${size + 1}`
      const items = rows.slice(0, size)
      return { items, next: rows.length > size ? items.at(-1)!.id : null }
    },

    async bankEvent({ body, headers, settings: { bankSecret }, db }) {
      if (bankSecret === undefined) throw new Unauthorized('BANK_SECRET is not set')
      verifySignature({ scheme: 'standard', body, headers, secret: bankSecret })
      const { type, charge } = JSON.parse(Buffer.from(body).toString()) as BankEvent
      // The bank may tell it more than once. The second time changes nothing.
      if (type === 'charge.settled') await db.execute`UPDATE charges SET state = 'settled' WHERE id = ${charge}`
    },
  },
})
