import { integer, jsonb, numeric, pgTable } from 'drizzle-orm/pg-core'

export const accounts = pgTable('accounts', { id: integer().primaryKey(), settings: jsonb().notNull() })
export const products = pgTable('products', { id: integer().primaryKey(), price: numeric({ precision: 12, scale: 2 }) })
