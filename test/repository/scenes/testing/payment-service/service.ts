import { contract, service, t } from 'tricube'

const paymentService = contract('payment-service', {
  pay: { route: 'POST /payments', body: t.Object({ amount: t.Integer() }) },
})
export default service(paymentService, { handlers: { pay: () => undefined } })
