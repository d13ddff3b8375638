import { DatabaseError } from './databaseError.ts'

/** The error of a statement that was over its time limit. */
export function tooLong(timeoutMs: number): DatabaseError {
  return new DatabaseError('57014', `it took longer than ${timeoutMs} ms`, { mayHaveRun: true })
}
