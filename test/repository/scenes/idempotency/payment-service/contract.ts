import { contract, PaymentRequired, t } from 'tricube'

export const paymentService = contract('payment-service', {
  charge: { route: 'POST /charges', body: t.Object({ amount: t.Integer() }), errors: [PaymentRequired] },
})
