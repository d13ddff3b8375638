import type { ContractEvent, PublishedOf } from '../contract/event.ts'
import type { Database } from '../sql/index.ts'

/** What a service has published of an event, in order. */
export async function publishedIn<Event extends ContractEvent>(
  db: Database | undefined,
  { name, service }: Event,
): Promise<readonly PublishedOf<Event>[]> {
  if (!db) throw new TypeError(`${service} has no database, so that it publishes nothing`)
  const rows = await db.primary.many<{ payload: string }>`
    SELECT payload FROM tricube.events WHERE name = ${name} ORDER BY id`
  return rows.map(({ payload }) => JSON.parse(payload) as PublishedOf<Event>)
}
