import { integer, pgTable, serial, varchar } from 'drizzle-orm/pg-core'

export const provinces = pgTable('provinces', {
  id: serial().primaryKey(),
  name: varchar({ length: 64 }).notNull().unique(),
})

export const cities = pgTable('cities', {
  id: serial().primaryKey(),
  name: varchar({ length: 64 }).notNull(),
  province_id: integer()
    .notNull()
    .references(() => provinces.id),
})
