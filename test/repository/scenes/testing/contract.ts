import { contract, NotFound, t } from 'tricube'

export const Note = t.Object({ id: t.Integer(), text: t.String() })

export const noteService = contract('note-service', {
  createNote: { route: 'POST /notes', body: t.Object({ text: t.String() }), returns: Note },
  getNote: { route: 'GET /notes/:id', params: { id: t.Integer() }, returns: Note, errors: [NotFound] },
})
