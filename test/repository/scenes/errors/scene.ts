import { contract, NotFound, t } from 'tricube'
import type { Client } from 'tricube/client'

export const regionService = contract('region-service', {
  getCity: { route: 'GET /cities/:id', params: { id: t.Integer() }, returns: t.String(), errors: [NotFound] },
})
export declare const clients: { regions: Client<typeof regionService> }
