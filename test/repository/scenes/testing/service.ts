import { NotFound, service, type Static } from 'tricube'
import { type Note, noteService } from './contract.ts'

export default service(noteService, {
  migrations: new URL('./migrations/', import.meta.url),
  handlers: {
    createNote: ({ body, db }) => db.one<Static<typeof Note>>`INSERT INTO notes ${db.values(body)} RETURNING id, text`,
    async getNote({ params, db }) {
      const note = await db.maybeOne<Static<typeof Note>>`SELECT id, text FROM notes WHERE id = ${params.id}`
      if (!note) throw new NotFound(`note ${params.id}`)
      return note
    },
  },
})
