import { Conflict, contract, NotFound, t } from 'tricube'
import { insertSchema, selectSchema } from 'tricube/models'
import { roles } from './models.ts'

export const Role = selectSchema(roles, {}, { $id: 'Role' })
const NewRole = insertSchema(roles, { name: { minLength: 1 } }, { $id: 'NewRole' })

export const roleService = contract('role-service', {
  createRole: {
    route: 'POST /roles',
    summary: 'create a role',
    tags: ['roles'],
    body: NewRole,
    returns: Role,
    errors: [Conflict],
  },
  listRoles: {
    route: 'GET /roles',
    summary: 'list all roles',
    tags: ['roles'],
    returns: t.Array(Role),
  },
  getRole: {
    route: 'GET /roles/:id',
    summary: 'get a role',
    tags: ['roles'],
    params: { id: t.Integer() },
    returns: Role,
    errors: [NotFound],
  },
})
