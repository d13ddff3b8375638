import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  char,
  customType,
  date,
  doublePrecision,
  integer,
  jsonb,
  numeric,
  pgEnum,
  pgTable,
  real,
  serial,
  smallint,
  text,
  time,
  timestamp,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core'

export const users = pgTable('users', {
  id: integer().primaryKey().generatedAlwaysAsIdentity(),
  name: varchar({ length: 128 }).notNull(),
  age: integer().notNull(),
  nickname: varchar({ length: 20 }),
  create_time: timestamp({ withTimezone: true, mode: 'string' }).notNull().defaultNow(),
})

export const mood = pgEnum('mood', ['sad', 'ok'])
const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' })

export const everything = pgTable('everything', {
  id: serial().primaryKey(),
  small: smallint().notNull(),
  big: bigint({ mode: 'number' }).notNull(),
  huge: bigint({ mode: 'bigint' }).notNull(),
  price: numeric({ precision: 12, scale: 2 }).notNull(),
  ratio: real().notNull(),
  exact: doublePrecision().notNull(),
  yes: boolean().notNull().default(true),
  code: char({ length: 3 }).notNull(),
  note: text(),
  mood: mood().notNull(),
  mood_before: mood(),
  plan: text({ enum: ['free', 'paid'] }).notNull(),
  uid: uuid().notNull().defaultRandom(),
  settings: jsonb().$type<{ theme: string }>().notNull(),
  extra: jsonb(),
  tags: varchar({ length: 8 }).array().notNull(),
  grid: integer().array().array(),
  day: date().notNull(),
  day_as_date: date({ mode: 'date' }).notNull(),
  at: timestamp({ withTimezone: true }).notNull(),
  local: timestamp({ mode: 'string' }).notNull(),
  hour: time().notNull(),
  raw: bytea(),
  doubled: integer().generatedAlwaysAs(sql`small * 2`),
})
