import { contract, t } from 'tricube'

const params = { id: t.Integer() }
const User = t.Object({ id: t.Integer(), name: t.String(), age: t.Integer() })
export const userService = contract('user-service', {
  getUser: { route: 'GET /users/:id', params, returns: User },
  deleteUser: { route: 'DELETE /users/:id', params },
})
