/** Statements that have no place where they were sent, and what to use for them. */
import { DatabaseError } from './databaseError.ts'

/** The error of a verb that would change a connection that others share. */
export function notShared(verb: string): DatabaseError {
  return new DatabaseError(
    '25001',
    `${verb} does not run on a shared connection: ${insteadOf[verb] ?? 'use db.transaction'}`,
  )
}

/** The error of a verb that a transaction's function may not run; undefined for one that it may. */
export function notInside(verb: string): DatabaseError | undefined {
  if (transactional.has(verb)) {
    return new DatabaseError(
      '25001',
      `${verb} does not run in a transaction's function: return, throw, or nest tx.transaction`,
    )
  }
  const instead = insteadOf[verb]
  return instead ? new DatabaseError('25001', `${verb} does not run in a transaction: ${instead}`) : undefined
}

const transactional: ReadonlySet<string> = new Set('BEGIN START COMMIT END ROLLBACK ABORT SAVEPOINT RELEASE'.split(' '))

// What runs in neither place: each error has to lead out, not to the other place.
const insteadOf: Readonly<Record<string, string>> = {
  COPY: 'write many rows with batch, read them with stream',
  PREPARE: 'every statement is prepared already, just run it',
  LISTEN: "use db.listen('channel', …)",
  UNLISTEN: 'close what db.listen gave',
}
