import type { Database } from '../sql/index.ts'
import { leasedFor } from './cursors.ts'
import type { OpenedStream } from './stream.ts'

/** How far events have been relayed. */
export interface RelayState extends OpenedStream {
  /** The position in the log: an empty string before the first event. */
  readonly position: string
}

/** Takes or renews the lease to relay. Returns the state of the relay, or undefined while another instance relays. */
export function leaseRelay(db: Database, name: string, reader: string): Promise<RelayState | undefined> {
  return db.maybeOne<RelayState>`
    INSERT INTO tricube.event_relays AS relay (name, position, stream, sequence, reader, leased_until)
    VALUES (${name}, '', '', 0, ${reader}, now() + ${leasedFor}::interval)
    ON CONFLICT (name) DO UPDATE SET reader = excluded.reader, leased_until = excluded.leased_until
    WHERE relay.reader = excluded.reader OR relay.reader IS NULL OR relay.leased_until < now()
    RETURNING position, stream, sequence`
}

/** Stores how far events have been relayed. Does nothing when another instance relays. */
export async function storeRelay(
  db: Database,
  name: string,
  reader: string,
  { position, stream, sequence }: RelayState,
): Promise<void> {
  await db.execute`
    UPDATE tricube.event_relays
    SET position = ${position}, stream = ${stream}, sequence = ${sequence}, sent_at = now()
    WHERE name = ${name} AND reader = ${reader}`
}

/** Releases the lease, so that another instance can relay. */
export async function releaseRelay(db: Database, name: string, reader: string): Promise<void> {
  await db.execute`UPDATE tricube.event_relays SET reader = NULL WHERE name = ${name} AND reader = ${reader}`
}
