import { contract, t } from 'tricube'

export const paymentService = contract('payment-service', { charge: { route: 'POST /charges', returns: t.String() } })
