import { contract, t } from 'tricube'

export const profileService = contract('profile-service', {
  getProfile: {
    route: 'GET /profile',
    query: { city_id: t.Integer(), role_id: t.Integer() },
    returns: t.Object({ city: t.String(), role: t.String() }),
  },
})
