import { contract, t } from 'tricube'

export const userService = contract('user-service', { countUsers: { route: 'GET /users/count', returns: t.Integer() } })
