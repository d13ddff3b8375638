import { contract, t } from 'tricube'

export const helloService = contract('hello-service', { greet: { route: 'GET /greeting', returns: t.String() } })
