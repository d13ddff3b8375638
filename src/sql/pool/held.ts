/** What is known of the connections that somebody has to himself. */
import type { DatabaseError } from '../errors/databaseError.ts'
import type { Connection, Owner } from '../connection/connection.ts'

/** Ends streams of which nobody has read a row for a while: an iterator that was left keeps its connection for ever. */
export function endUnread(connections: Iterable<Connection>, reason: DatabaseError): NodeJS.Timeout {
  const seen = new WeakMap<Owner, number>()
  return setInterval(() => {
    for (const { owner, inFlight } of connections) {
      if (owner?.rowsRead === undefined || inFlight > 0) continue
      if (seen.get(owner) === owner.rowsRead) owner.end(reason)
      else seen.set(owner, owner.rowsRead)
    }
  }, unreadMs)
}

const unreadMs = 500

/** Why no connection became free. A pool that waits for itself looks like one that is too small, and no size of it helps for long. */
export function whyNone(connections: Iterable<Connection>, request: object | undefined): string {
  const owners: (Owner | undefined)[] = []
  for (const { owner, inFlight } of connections) owners.push(inFlight === 0 ? owner : undefined)
  const own = request && owners.filter((owner) => owner?.request === request).length
  const advice = 'inside db.transaction use its tx, not db'
  if (own) return `, and the request that waits holds ${own} of them in a transaction: ${advice}`
  if (!owners.every(Boolean)) return ''
  return `: each is held by a transaction that runs no statement; if those wait for this one, the pool waits for itself: ${advice}`
}
