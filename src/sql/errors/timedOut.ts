import { DatabaseError } from './databaseError.ts'

/** The error of a statement that was over its time limit. */
export function timedOut(timeoutMs: number): DatabaseError {
  return new DatabaseError('57014', `timed out after ${timeoutMs} ms`, { mayHaveRun: true })
}
