import { contract, t } from 'tricube'

const params = { id: t.Integer() }
export const userService = contract('user-service', {
  getUser: { route: 'GET /users/:id', params, returns: t.String() },
  deleteUser: { route: 'DELETE /users/:id', params },
})
export const handlers = { getUser: () => 'Ann', deleteUser: () => undefined }
