import { contract, t } from 'tricube'

export const gatewayService = contract('gateway-service', { greet: { route: 'GET /greeting', returns: t.String() } })
