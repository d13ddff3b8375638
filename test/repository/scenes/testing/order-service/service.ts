import { contract, service, t } from 'tricube'
import { pspService } from '../psp-service/contract.ts'

const orderService = contract('order-service', {
  placeOrder: { route: 'POST /orders', body: t.Object({ sku: t.String(), quantity: t.Integer() }) },
})
export default service(orderService, { clients: { psp: pspService }, handlers: { placeOrder: () => undefined } })
