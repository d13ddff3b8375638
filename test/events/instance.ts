/** A publisher or a subscriber, as a process of its own: bundled and started by `test/jobs/instances.ts`. */
import { contract, service, t } from 'tricube'

const Note = t.Object({ key: t.Integer(), n: t.Integer() })
const noteService = contract(
  'note-service',
  { note: { route: 'POST /notes', body: Note, returns: t.Null() } },
  { events: { noted: { payload: Note, key: 'key' } } },
)
const mirrorService = contract('mirror-service', {})

const one =
  process.env['ROLE'] === 'publisher'
    ? service(noteService, {
        models: {},
        admission: false,
        handlers: {
          note: ({ db, body: { key, n } }) =>
            db.transaction(async (tx) => {
              const isNew = await tx.execute`INSERT INTO sent VALUES (${key}, ${n}) ON CONFLICT DO NOTHING`
              if (isNew) await tx.publish(noteService.events.noted, { key, n })
              return null
            }),
        },
      })
    : service(mirrorService, {
        models: {},
        handlers: {},
        subscriptions: {
          copy: {
            event: noteService.events.noted,
            from: 'beginning',
            backoff: { baseMs: 10, capMs: 50 },
            handler: ({ event, db }) => db.execute`INSERT INTO seen (key, n) VALUES (${event.key}, ${event.n})`,
          },
        },
      })

process.once('SIGTERM', () => void one.close().finally(() => process.exit(0)))
const { url } = await one.listen()
console.log(`listening ${url}`)
