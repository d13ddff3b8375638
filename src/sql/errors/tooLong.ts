import { DatabaseError } from './databaseError.ts'

/** The error of what took longer than it was given. */
export function tooLong(timeoutMs: number): DatabaseError {
  return new DatabaseError('57014', `it took longer than ${timeoutMs} ms`, { mayHaveRun: true })
}
