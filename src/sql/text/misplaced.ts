/** Statements that have no place where they were sent, and what to use for them. */
import { DatabaseError } from '../errors/databaseError.ts'
import { type Classification, sessionVerbs } from './classify.ts'
import type { Remains } from './remains.ts'

/** The error of a statement that would change a connection that others share. */
export function notShared({ verb, remains }: Classification): DatabaseError {
  if (remains && !sessionVerbs.has(verb)) return wouldStay(remains)
  return new DatabaseError(
    '25001',
    `${verb} does not run on a shared connection: ${insteadOf[verb] ?? 'use db.transaction'}`,
  )
}

/** The error of a statement that a transaction's function may not run; undefined for one that it may. */
export function notInside({ verb, remains }: Classification): DatabaseError | undefined {
  if (transactional.has(verb)) {
    return new DatabaseError(
      '25001',
      `${verb} does not run in a transaction's function: return, throw, or nest tx.transaction`,
    )
  }
  const instead = insteadOf[verb]
  if (instead) return new DatabaseError('25001', `${verb} does not run in a transaction: ${instead}`)
  return remains && !remains.isFineInside ? wouldStay(remains) : undefined
}

/** The error of what others would find on the connection. */
export function wouldStay({ what, instead }: Remains): DatabaseError {
  return new DatabaseError('25001', `${what} would stay on the connection, which others use next: ${instead}`)
}

const transactional: ReadonlySet<string> = new Set('BEGIN START COMMIT END ROLLBACK ABORT SAVEPOINT RELEASE'.split(' '))

// What runs in neither place: each error has to lead out, not to the other place.
const insteadOf: Readonly<Record<string, string>> = {
  COPY: 'write many rows with batch, read them with stream',
  PREPARE: 'every statement is prepared already, just run it',
  LISTEN: "use db.listen('channel', …)",
  UNLISTEN: 'close what db.listen gave',
}
