import { contract, t } from 'tricube'
import type { Client } from 'tricube/client'
import type { orderService } from './order-service/contract.ts'

// What the plugin that authenticates callers adds.
declare module 'fastify' {
  interface FastifyRequest {
    user?: { id: string }
  }
}

export declare const orders: Client<typeof orderService>
export declare const cart: { id: string }
export const body = { item: 'tea', amount: 500 }
export const handlers = { createOrder: () => ({ id: 'a', state: 'paid' }) }
export const stockService = contract('stock-service', {
  reserve: { route: 'POST /reservations', body: t.Object({ id: t.String(), item: t.String() }) },
  release: { route: 'POST /releases', body: t.Object({ id: t.String() }) },
})
