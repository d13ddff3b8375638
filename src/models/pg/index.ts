/** Drizzle's tables for PostgreSQL. In a browser they carry only what the schemas of a contract need, without Drizzle. */
export * from 'drizzle-orm/pg-core'
export { relations, sql } from 'drizzle-orm'
