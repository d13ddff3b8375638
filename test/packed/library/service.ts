/** A service, its parts, and functions whose types nobody has written. */
import { defineConfig, resource, secret, service, t } from 'tricube'
import { apiKeys, jwt, mtls, serviceTokens } from 'tricube/auth'
import { client } from 'tricube/client'
import { fetchClient } from 'tricube/client/fetch'
import { integer, pgTable, text } from 'tricube/models/pg'
import { database, sql } from 'tricube/sql'
import { testService } from 'tricube/testing'
import { bank, noteJobs, noteService } from './contract.ts'

export const users = pgTable('users', { id: integer().primaryKey(), name: text().notNull() })
export const config = defineConfig({ logLevel: 'debug' })
export const settings = { most: t.Integer({ default: 3 }), token: secret(t.String()), name: t.String() }
export const mailer = resource({ open: ({ log }) => ({ send: (to: string) => log.info(to) }) })
export const auth = { user: jwt(), key: apiKeys(), service: mtls({ trust: 'spiffe://shop/' }), tokens: serviceTokens() }

export const notes = service(noteService, {
  models: { users },
  settings,
  resources: { mailer },
  clients: { bank, notes: noteService },
  jobs: noteJobs,
  auth: { user: auth.user },
  handlers: {} as never,
  jobHandlers: {} as never,
})
export const runNothing = () => notes.run((context) => context)
export const testNotes = () => testService(notes)
export const asAnn = async () => (await testService(notes)).as({ id: 1 })

export const noteClient = client(noteService, { url: 'http://127.0.0.1' })
export const noteBrowserClient = fetchClient(noteService, { url: 'http://127.0.0.1' })
export const getNote = () => noteClient.getNote.raw({ params: { id: 1 } })
export const getPicture = () => noteClient.getPicture({ params: { id: 1 } })
export const getRawPicture = () => noteClient.getPicture.raw({ params: { id: 1 } })
export const allNotes = () => noteClient.listNotes.all()
export const addNote = (idempotencyKey: string | undefined) =>
  noteClient.addNote({ body: { text: 'a' } }, { idempotencyKey })
export const getNoteInPage = () => noteBrowserClient.getNote.raw({ params: { id: 1 } })

export const db = database({ url: 'postgres://127.0.0.1/notes' })
export const columns = sql`id, name`
export const listUsers = () => db.many<{ readonly id: number }>`SELECT ${columns} FROM users`
export const slowly = db.with({ slow: true })
export const inTransaction = () => db.transaction((tx) => tx.value<number>`SELECT 1`)
