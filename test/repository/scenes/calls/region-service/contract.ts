import { contract, NotFound, t } from 'tricube'

const City = t.Object({ id: t.Integer(), name: t.String() })

export const regionService = contract('region-service', {
  getCity: { route: 'GET /cities/:id', params: { id: t.Integer() }, returns: City, errors: [NotFound] },
})
