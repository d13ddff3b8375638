import { contract, t } from 'tricube'

export const paymentService = contract('payment-service', {
  charge: { route: 'POST /charges', body: t.Object({ amount: t.Integer() }), returns: t.String() },
})
