/** The errors of statements that cannot run where they were sent, with what to use instead. */
import { DatabaseError } from '../errors/databaseError.ts'
import { type Classification, sessionVerbs } from './classify.ts'
import type { Remains } from './remains.ts'

/** The error of a statement that would change a shared connection. */
export function notShared({ verb, remains }: Classification): DatabaseError {
  if (remains && !sessionVerbs.has(verb)) return wouldStay(remains)
  return new DatabaseError(
    '25001',
    `${verb} cannot run on a shared connection: ${insteadOf[verb] ?? 'use db.transaction'}`,
  )
}

/** The error of a statement that cannot run in a transaction; undefined for one that can. */
export function notInside({ verb, remains }: Classification): DatabaseError | undefined {
  if (transactional.has(verb)) {
    return new DatabaseError(
      '25001',
      `${verb} cannot run in the function of a transaction: return, throw, or nest tx.transaction`,
    )
  }
  const instead = insteadOf[verb]
  if (instead) return new DatabaseError('25001', `${verb} cannot run in a transaction: ${instead}`)
  return remains && !remains.isFineInside ? wouldStay(remains) : undefined
}

/** The error of a statement whose effect on the connection would outlast it. */
export function wouldStay({ what, instead }: Remains): DatabaseError {
  return new DatabaseError('25001', `${what} would stay on the connection for its next user: ${instead}`)
}

const transactional: ReadonlySet<string> = new Set('BEGIN START COMMIT END ROLLBACK ABORT SAVEPOINT RELEASE'.split(' '))

// These run neither on a shared connection nor in a transaction, so the message names another way.
const insteadOf: Readonly<Record<string, string>> = {
  COPY: 'write many rows with batch, read them with stream',
  PREPARE: 'run the statement itself, it is prepared automatically',
  LISTEN: "use db.listen('channel', …)",
  UNLISTEN: 'call close() of what db.listen returned',
}
