import { contract, service, t } from 'tricube'

const userService = contract('user-service', { getUser: { route: 'GET /users', returns: t.String() } })
export default service(userService, { database: {}, handlers: { getUser: () => 'Ann' } })
