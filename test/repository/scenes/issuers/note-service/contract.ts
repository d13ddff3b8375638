import { contract, t } from 'tricube'

export const noteService = contract(
  'note-service',
  { getNote: { route: 'GET /notes/:id', params: { id: t.Integer() }, scopes: ['notes:read'], returns: t.String() } },
  { auth: 'user' },
)
