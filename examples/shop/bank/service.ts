import { PaymentRequired, secret, service, t } from 'tricube'
import { bankService } from './contract.ts'
import { signed } from './signed.ts'

/** Stands for a bank, which is a service of somebody else. It declines the card `declined`. */
export default service(bankService, {
  port: 8150,
  settings: {
    webhookUrl: t.String({ default: 'http://127.0.0.1:8130/webhooks/bank' }),
    bankSecret: secret(t.Optional(t.String({ minLength: 24 }))),
  },
  handlers: {
    charge({ body: { card }, headers }) {
      if (card === 'declined') throw new PaymentRequired('the card was declined')
      return { id: `charge-${String(headers['idempotency-key'])}` }
    },

    async settle({ params, fetch, settings: { webhookUrl, bankSecret = '' } }) {
      const body = JSON.stringify({ type: 'charge.settled', charge: params.id })
      const headers = { 'content-type': 'application/json', ...signed(body, bankSecret) }
      const { status } = await fetch(webhookUrl, { method: 'POST', body, headers })
      return { told: status }
    },
  },
})
