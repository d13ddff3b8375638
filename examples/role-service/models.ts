import { pgTable, serial, varchar } from 'drizzle-orm/pg-core'

export const roles = pgTable('roles', {
  id: serial().primaryKey(),
  name: varchar({ length: 64 }).notNull().unique(),
})
