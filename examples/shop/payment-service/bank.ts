import { external, form, PaymentRequired, t } from 'tricube'

/** The API of the bank, as far as the shop calls it. It charges once for each idempotency key. */
export const bank = external('bank', {
  url: 'http://127.0.0.1:8150',
  operations: {
    charge: {
      route: 'POST /charges',
      body: form({ amount: t.Integer(), currency: t.String(), card: t.String() }),
      returns: t.Object({ id: t.String() }),
      errors: [PaymentRequired],
    },
  },
})
