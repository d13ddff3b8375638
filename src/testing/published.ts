import type { ContractEvent, PublishedOf } from '../contract/event.ts'
import { describeValue } from '../schema/describeValue.ts'
import type { Database } from '../sql/index.ts'

/** What a service has published of an event, in order. */
export async function publishedIn<Event extends ContractEvent>(
  db: Database | undefined,
  event: Event,
): Promise<readonly PublishedOf<Event>[]> {
  checkEvent('published', event)
  const { name, service } = event
  if (!db) throw new TypeError(`${service} has no database, so that it publishes nothing`)
  const rows = await db.primary.many<{ payload: string }>`
    SELECT payload FROM tricube.events WHERE name = ${name} ORDER BY id`
  return rows.map(({ payload }) => JSON.parse(payload) as PublishedOf<Event>)
}

/** @throws {TypeError} for anything but an event of a contract, such as its name or a misspelt one */
export function checkEvent(method: string, event: ContractEvent | undefined): void {
  if (typeof event?.name === 'string' && typeof event.service === 'string') return
  throw new TypeError(
    `app.${method}: expected an event of a contract, like orderService.events.orderPlaced, got ${describeValue(event)}`,
  )
}
