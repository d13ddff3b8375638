import { contract, t } from 'tricube'

export const noteService = contract('note-service', {
  getNote: {
    route: 'GET /notes/:id',
    params: { id: t.Integer() },
    returns: t.Object({ id: t.Integer(), text: t.String() }),
  },
})
