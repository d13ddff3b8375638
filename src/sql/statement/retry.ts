/** When and how a statement is retried. */
import type { Connection } from '../connection/connection.ts'
import { simple } from '../connection/simple.ts'
import type { DatabaseError } from '../errors/databaseError.ts'

// The connections to a server that goes down are lost one after the other: the wait avoids the next one to be lost.
export const retryAfterMs = 10

/** Whether a replica rejected a statement that writes, or cancelled it to keep up with its primary. */
export function needsPrimary({ sqlstate }: DatabaseError): boolean {
  return sqlstate === '25006' || sqlstate === '40001'
}

/** Restarts a transaction whose first statement failed before it did anything. */
export function restart(connection: Connection, begin: string): void {
  const settings = connection.settings ? `; ${connection.settings.forTransaction}` : ''
  simple(connection, `ROLLBACK; ${begin}${settings}`).catch((error: DatabaseError) => connection.destroy(error))
}
