import { sql } from 'drizzle-orm'
import { check, integer, pgTable, smallint, timestamp, varchar } from 'drizzle-orm/pg-core'

export const users = pgTable(
  'users',
  {
    id: integer().primaryKey().generatedAlwaysAsIdentity(),
    name: varchar({ length: 128 }).notNull(),
    age: smallint().notNull(),
    city_id: integer().notNull(),
    role_id: integer().notNull(),
    create_time: timestamp({ withTimezone: true, mode: 'string' }).notNull().defaultNow(),
  },
  (table) => [check('users_age', sql`${table.age} BETWEEN 0 AND 150`)],
)
