import { type Client, NotFound, service, type Static, UnprocessableEntity } from 'tricube'
import { sql } from 'tricube/sql'
import { regionService } from '../region-service/contract.ts'
import { roleService } from '../role-service/contract.ts'
import { type NewUser, type User, userService } from './contract.ts'
import * as models from './models.ts'

type UserRow = Static<typeof User>

const columns = sql`id, name, age, city_id, role_id, create_time`

export default service(userService, {
  port: 8030,
  clients: { regions: regionService, roles: roleService },
  models,
  migrations: new URL('./migrations/', import.meta.url),
  seed: new URL('./seed.sql', import.meta.url),
  handlers: {
    async createUser({ body, db, clients }) {
      await checkReferences(body, clients)
      return db.transaction((tx) => tx.one<{ id: number }>`INSERT INTO users ${tx.values(body)} RETURNING id`)
    },

    async listUsers({ query: { name, page, size }, db }) {
      const where = name === undefined ? sql`` : sql`WHERE strpos(lower(name), lower(${name})) > 0`
      const [items, total] = await Promise.all([
        db.many<UserRow>`SELECT ${columns} FROM users ${where} ORDER BY id LIMIT ${size} OFFSET ${(page - 1) * size}`,
        db.value<number>`SELECT count(*) FROM users ${where}`,
      ])
      return { items, total }
    },

    async getUser({ params, db, clients: { regions, roles } }) {
      const user = await db.maybeOne<UserRow>`SELECT ${columns} FROM users WHERE id = ${params.id}`
      if (!user) throw new NotFound(`user ${params.id}`)
      const [city, role] = await Promise.all([
        regions.getCity({ params: { id: user.city_id } }),
        roles.getRole({ params: { id: user.role_id } }),
      ])
      return { ...user, city, role }
    },

    async updateUser({ params, body, db, clients }) {
      await checkReferences(body, clients)
      const user = await db.maybeOne<UserRow>`
        UPDATE users SET ${db.set(body)} WHERE id = ${params.id} RETURNING ${columns}`
      if (!user) throw new NotFound(`user ${params.id}`)
      return user
    },

    async deleteUser({ params, db }) {
      const deleted = await db.execute`DELETE FROM users WHERE id = ${params.id}`
      if (deleted === 0) throw new NotFound(`user ${params.id}`)
    },
  },
})

interface References {
  readonly regions: Client<typeof regionService>
  readonly roles: Client<typeof roleService>
}

/** Checks the role and the city with their services, because no foreign key reaches another database. */
async function checkReferences(user: Static<typeof NewUser>, { regions, roles }: References): Promise<void> {
  await Promise.all([
    regions.getCity({ params: { id: user.city_id } }).catch(unprocessable(`city ${user.city_id} does not exist`)),
    roles.getRole({ params: { id: user.role_id } }).catch(unprocessable(`role ${user.role_id} does not exist`)),
  ])
}

function unprocessable(detail: string): (error: unknown) => never {
  return (error) => {
    throw error instanceof NotFound ? new UnprocessableEntity(detail) : error
  }
}
