import { contract, t } from 'tricube'

export const roleService = contract('role-service', {
  getRole: { route: 'GET /roles/:id', params: { id: t.Integer() }, returns: t.String() },
})
