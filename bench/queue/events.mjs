// A publisher or a subscriber, in a process of its own.
import { contract, service, t } from 'tricube'

const noteService = contract('note-service', {}, { events: { noted: { payload: t.Object({ n: t.Integer() }) } } })
const { noted } = noteService.events
let db

const app =
  process.env.ROLE === 'publisher'
    ? service(noteService, { models: {}, handlers: {}, hooks: { beforeStart: (one) => void (db = one.db) } })
    : service(contract('mirror-service', {}), {
        models: {},
        handlers: {},
        subscriptions: {
          mirror: {
            event: noted,
            async handler({ event, db: tx }) {
              await tx.execute`INSERT INTO written (n) VALUES (${event.n})`
              process.send({ handled: event.n, at: Date.now() })
            },
          },
        },
      })
process.on('disconnect', () => void app.close().finally(() => process.exit()))
process.on('message', ({ publish }) => void db.publish(noted, { n: publish }))
process.send({ url: (await app.listen()).url })
