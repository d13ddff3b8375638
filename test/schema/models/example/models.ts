// models.ts
import { integer, pgTable, timestamp, varchar } from 'drizzle-orm/pg-core'

export const users = pgTable('users', {
  id: integer().primaryKey().generatedByDefaultAsIdentity(),
  name: varchar({ length: 128 }).notNull(),
  age: integer().notNull(),
  nickname: varchar({ length: 20 }),
  create_time: timestamp({ withTimezone: true, mode: 'string' }).notNull().defaultNow(),
})
