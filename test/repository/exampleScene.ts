// The names that examples of docstrings use without declaring them. Only their types matter: none of this runs.
import { integer, pgTable, text as textColumn } from 'drizzle-orm/pg-core'
import {
  contract,
  jobs,
  NotFound,
  service,
  t,
  type Context,
  type LiveConfig,
  type Metrics,
  type Operation,
  type Static,
} from 'tricube'
import type { Database, Transaction } from 'tricube/sql'
import type { EmbeddedPostgres, FaultProxy, TestApp } from 'tricube/testing'
export { writeFile } from 'node:fs/promises'
export { expect } from 'vitest'

export const Role = t.Object({ id: t.Integer(), name: t.String() })
export type Role = Static<typeof Role>
export const User = t.Object({ id: t.Integer(), name: t.String(), age: t.Integer() })
export type User = Static<typeof User>
export const NewUser = t.Object({ name: t.String(), age: t.Integer() })
export interface City {
  readonly id: number
  readonly name: string
}

export const roleService = contract('role-service', {
  getRole: { route: 'GET /roles/:id', params: { id: t.Integer() }, returns: Role, errors: [NotFound] },
})
export const userService = contract('user-service', {
  getUser: { route: 'GET /users/:id', params: { id: t.Integer() }, returns: User, errors: [NotFound] },
})
const placed = { payload: t.Object({ order_id: t.Integer() }) }
export const orderService = contract('order-service', {}, { events: { orderPlaced: placed } })
export const cartService = contract('cart-service', {
  getCart: { route: 'GET /carts/:id', params: { id: t.String() }, returns: t.Unknown() },
})
export const mailService = contract('mail-service', {
  send: { route: 'POST /mails', body: t.Object({ order_id: t.Integer() }) },
})
export const stockService = contract('stock-service', {
  release: { route: 'POST /releases', body: t.Object({ id: t.Integer() }) },
})
export const pspService = contract('psp-service', {
  charge: { route: 'POST /charges', returns: t.Object({ id: t.String() }) },
})
export const orderJobs = jobs({ sendReceipt: { input: t.Object({ order_id: t.Integer() }) } })

export const users = service(userService, {
  clients: { roles: roleService },
  handlers: { getUser: () => ({ id: 1, name: 'Ann', age: 42 }) },
})
export const payments = service(contract('payment-service', {}), { settings: { pspUrl: t.String() }, handlers: {} })
export const catalog = service(contract('catalog-service', {}), { handlers: {} })
export const orders = service(
  contract('orders-service', {
    placeOrder: { route: 'POST /orders', body: t.Object({ sku: t.String(), quantity: t.Integer() }) },
  }),
  { handlers: { placeOrder: () => undefined } },
)
export declare const app: TestApp<typeof userService>

export const usersTable = pgTable('users', {
  id: integer().primaryKey(),
  name: textColumn().notNull(),
  age: integer(),
})

export declare const handlers: { getUser(): Static<typeof User> }
export declare const ctx: Context<Operation, { stock: typeof stockService }>
export declare const config: LiveConfig
export declare const error: unknown
export declare const db: Database
export declare const tx: Transaction
export declare const postgres: EmbeddedPostgres
export declare const proxy: FaultProxy
export declare const metrics: Metrics
export declare const databaseUrl: string
export declare const id: number
export declare const age: number
export declare const name: string
export declare const json: string
export declare const reason: string
export declare const column: string
export declare const newUsers: readonly { readonly name: string; readonly age: number }[]
export declare const ids: readonly number[]
export declare const items: readonly unknown[]
export declare const directory: URL
export declare const token: string
export declare const queue: { send(items: readonly unknown[]): Promise<void>; close(): Promise<void> }
export declare const greet: (text: string) => void
export declare const redis: any
export declare const createClient: (options: { url: string }) => { connect(): any }
export declare const isAdmin: (request: unknown) => boolean
export declare const sendMail: (context: unknown, order: object) => Promise<void>
export declare const order: object
