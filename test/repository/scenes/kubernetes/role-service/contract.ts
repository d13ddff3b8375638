import { contract, NotFound, t } from 'tricube'

const Role = t.Object({ id: t.Integer(), name: t.String() })

export const roleService = contract('role-service', {
  getRole: { route: 'GET /roles/:id', params: { id: t.Integer() }, returns: Role, errors: [NotFound] },
})
