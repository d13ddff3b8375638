/** When a statement is sent once more, and how. */
import type { Connection } from '../connection/connection.ts'
import { simple } from '../connection/simple.ts'
import type { DatabaseError } from '../errors/databaseError.ts'

// When a server goes down its connections are found lost one after the other: not onto the next one that is lost.
export const secondTryAfterMs = 10

/** A replica was asked for what it may not do, or it had to stop reading to keep up with its primary. */
export function needsPrimary({ sqlstate }: DatabaseError): boolean {
  return sqlstate === '25006' || sqlstate === '40001'
}

/** Begins a transaction again whose first statement has failed before it did anything. */
export function beginAgain(connection: Connection, begin: string): void {
  const settings = connection.settings ? `; ${connection.settings.forTransaction}` : ''
  simple(connection, `ROLLBACK; ${begin}${settings}`).catch((error: DatabaseError) => connection.destroy(error))
}
