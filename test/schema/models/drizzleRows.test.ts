import { pgTable, serial, timestamp } from 'drizzle-orm/pg-core'
import { contract, service, t } from 'tricube'
import { selectSchema } from 'tricube/models'
import { testService } from 'tricube/testing'
import { expect, it } from 'vitest'

const events = pgTable('events', {
  id: serial().primaryKey(),
  at: timestamp({ withTimezone: true }).notNull(),
  atText: timestamp('at_text', { withTimezone: true, mode: 'string' }).notNull(),
  local: timestamp().notNull(),
  localText: timestamp('local_text', { mode: 'string' }).notNull(),
  maybe: timestamp({ mode: 'string' }),
  many: timestamp({ withTimezone: true, mode: 'string' }).array(),
})
const Event = selectSchema(events)

const eventService = contract('event-service', {
  byDrizzle: { route: 'GET /drizzle', returns: t.Array(Event) },
  byTag: { route: 'GET /tag', returns: t.Array(Event) },
})

it('timestamps are the same JSON whether Drizzle or a tag reads them', async () => {
  const definition = service(eventService, {
    models: { events },
    handlers: {
      byDrizzle: ({ db }) => db.drizzle.select().from(events) as never,
      byTag: ({ db }) =>
        db.many`SELECT id, at, at_text AS "atText", local, local_text AS "localText", maybe, many FROM events ORDER BY id`,
    },
  })
  await using app = await testService(definition)
  await app.db.execute`CREATE TABLE events (id serial PRIMARY KEY, at timestamptz, at_text timestamptz, local timestamp,
    local_text timestamp, maybe timestamp, many timestamptz[])`
  await app.db.execute`INSERT INTO events (at, at_text, local, local_text, maybe, many) VALUES
    ('2026-01-31T10:00:00Z', '2026-01-31T10:00:00Z', '2026-01-31 10:00', '2026-01-31 10:00', NULL, NULL),
    ('2026-01-31T10:00:00.5Z', '2026-01-31T10:00:00.123456Z', '2026-01-31 10:00:00.5', '2026-01-31 10:00:00.123456',
     '2026-01-31', ARRAY['2026-01-31T10:00:00+05:30']::timestamptz[])`
  const [first, second] = (await app.client.byDrizzle()).data
  expect(first).toEqual({
    id: 1,
    at: '2026-01-31T10:00:00.000Z',
    atText: '2026-01-31T10:00:00Z',
    local: '2026-01-31T10:00:00.000',
    localText: '2026-01-31T10:00:00',
    maybe: null,
    many: null,
  })
  expect(second).toMatchObject({
    atText: '2026-01-31T10:00:00.123456Z',
    localText: '2026-01-31T10:00:00.123456',
    maybe: '2026-01-31T00:00:00',
    many: ['2026-01-31T04:30:00Z'],
  })
  const texts = (rows: readonly Record<string, unknown>[]) =>
    rows.map(({ atText, localText, maybe, many }) => [atText, localText, maybe, many])
  expect(texts((await app.client.byDrizzle()).data)).toEqual(texts((await app.client.byTag()).data))
})

it('a text that is no timestamp is not made one', async () => {
  const wrong = contract('wrong', {
    get: { route: 'GET /', returns: t.Object({ at: t.String({ format: 'date-time' }) }) },
  })
  for (const at of ['2026-01-31 10:00:00', 'x 2026-01-31 10:00:00+00', '2026-01-31 10:00:00+00 x']) {
    const app = service(wrong, { handlers: { get: () => ({ at }) } })
    expect([at, (await app.inject('/')).statusCode]).toEqual([at, 500])
    await app.close()
  }
})
