import { contract, NotFound, t } from 'tricube'

export const User = t.Object({ id: t.Integer(), name: t.String(), age: t.Integer() })

export const userService = contract('user-service', {
  getUser: { route: 'GET /users/:id', params: { id: t.Integer() }, returns: User, errors: [NotFound] },
})
