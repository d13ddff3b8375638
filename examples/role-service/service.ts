import { NotFound, service, type Static } from 'tricube'
import { type Role, roleService } from './contract.ts'
import * as models from './models.ts'

type RoleRow = Static<typeof Role>

export default service(roleService, {
  port: 8020,
  models,
  migrations: new URL('./migrations/', import.meta.url),
  seed: new URL('./seed.sql', import.meta.url),
  handlers: {
    createRole({ body, db }) {
      return db.one<RoleRow>`INSERT INTO roles ${db.values(body)} RETURNING id, name`
    },

    listRoles({ db }) {
      return db.many<RoleRow>`SELECT id, name FROM roles ORDER BY id`
    },

    async getRole({ params, db }) {
      const role = await db.maybeOne<RoleRow>`SELECT id, name FROM roles WHERE id = ${params.id}`
      if (!role) throw new NotFound(`role ${params.id}`)
      return role
    },
  },
})
