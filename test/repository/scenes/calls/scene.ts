import { contract, t } from 'tricube'
import type { Client } from 'tricube/client'
import type { roleService } from './role-service/contract.ts'

export const handlers = { getProfile: () => ({ city: 'Shanghai', role: 'admin' }) }
export declare const roles: Client<typeof roleService>

const Order = t.Object({ sku: t.String(), quantity: t.Integer() })
export const orderService = contract('order-service', {
  placeOrder: { route: 'POST /orders', body: Order, returns: t.Object({ id: t.String() }) },
})
export const stockService = contract('stock-service', {
  reserve: { route: 'POST /reservations', body: Order },
  release: { route: 'POST /releases', body: Order },
})
export const paymentService = contract('payment-service', {
  charge: { route: 'POST /charges', body: Order, returns: t.Object({ id: t.String() }) },
})

export const getPatient = {
  route: 'GET /patients/:id',
  params: { id: t.Integer() },
  returns: t.Object({ id: t.Integer() }),
} as const
const patientService = contract('patient-service', { getPatient }, { partitioned: true })
export declare const patients: Client<typeof patientService>
