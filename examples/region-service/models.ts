import { integer, pgTable, varchar } from 'drizzle-orm/pg-core'

export const provinces = pgTable('provinces', {
  id: integer().primaryKey().generatedAlwaysAsIdentity(),
  name: varchar({ length: 64 }).notNull().unique(),
})

export const cities = pgTable('cities', {
  id: integer().primaryKey().generatedAlwaysAsIdentity(),
  name: varchar({ length: 64 }).notNull(),
  province_id: integer()
    .notNull()
    .references(() => provinces.id),
})
