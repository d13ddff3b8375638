/** What can be found out about connections that are in exclusive use. */
import type { DatabaseError } from '../errors/databaseError.ts'
import type { Connection } from '../connection/connection.ts'
import type { Owner } from '../connection/owner.ts'

/** Ends streams from which no row was read for a while: an abandoned iterator would occupy its connection for ever. */
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

/** Explains why no connection became free. A pool that waits for itself looks too small, but no size would help for long. */
export function exhaustionHint(connections: Iterable<Connection>, request: object | undefined): string {
  const owners: (Owner | undefined)[] = []
  for (const { owner, inFlight } of connections) owners.push(inFlight === 0 ? owner : undefined)
  const own = request && owners.filter((owner) => owner?.request === request).length
  const advice = 'inside db.transaction use its tx, not db'
  if (own) return `, and the waiting request itself occupies ${own} of them with transactions: ${advice}`
  if (!owners.every(Boolean)) return ''
  return `: all are occupied by transactions that run no statement, perhaps while they wait for this one: ${advice}`
}
