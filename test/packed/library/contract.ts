/** A contract that another package imports: all that a contract can have is in its type. */
import {
  contract,
  cookie,
  external,
  file,
  form,
  jobs,
  multipart,
  NotFound,
  open,
  raw,
  redirect,
  t,
  text,
  upload,
  versions,
} from 'tricube'
import { z } from 'zod'

export const Note = t.Object({
  id: t.Int32(),
  text: t.String({ default: 'empty' }),
  isDone: t.Optional(t.Boolean({ default: true })),
})
export const NewNote = z.object({ text: z.string() })

const params = { id: t.Int32() }
const listNotes = {
  route: 'GET /notes',
  paginated: 'cursor',
  cursor: t.Int32(),
  query: open({ text: t.Optional(t.String()), most: t.Integer({ default: 3 }) }),
  returns: Note,
} as const

export const noteService = contract(
  'note-service',
  {
    listNotes,
    listPages: { route: 'GET /pages', paginated: true, returns: Note },
    getNote: { route: 'GET /notes/:id', params, returns: Note, errors: [NotFound], etag: true },
    addNote: {
      route: 'POST /notes',
      body: NewNote,
      status: 201,
      returns: NewNote,
      idempotent: 'by key',
      scopes: ['notes:write'],
    },
    putPicture: {
      route: 'PUT /notes/:id/picture',
      params,
      body: upload({ types: ['image/png'], maxBytes: 1_000_000 }),
      status: 204,
    },
    getPicture: { route: 'GET /notes/:id/picture', params, returns: file('image/png') },
    sendForm: { route: 'POST /form', body: form({ text: t.String() }), returns: redirect() },
    sendFiles: { route: 'POST /files', body: multipart({ fields: { text: t.String() } }), status: 204 },
    sendBytes: { route: 'POST /bytes', body: raw(), status: 204 },
    sendText: { route: 'POST /text', body: text(), status: 204 },
    readCookie: {
      route: 'GET /cookie',
      cookies: { sid: cookie({ httpOnly: true }) },
      responseHeaders: { 'x-size': t.Int32() },
    },
  },
  { auth: 'user', events: { noted: { payload: Note, key: 'id' } } },
)
export const noteJobs = jobs({ sendNote: { input: Note, retries: 3 }, tidyUp: {} })
export const bank = external('bank', {
  url: 'https://bank.example',
  operations: { pay: { route: 'POST /pay', body: NewNote, returns: Note } },
})
export const twoVersions = versions({
  v1: contract('a-service', { listNotes }),
  v2: contract('a-service', { listNotes }, { prefix: '/v2' }),
})
export const { operations, events } = noteService
