import type { Connection } from '../connection/connection.ts'
import { Description } from './description.ts'
import type { Missing, Parameters } from './parameters.ts'
import type { SuspendedStatement } from './suspended.ts'
import { TypeLookup } from './typeLookup.ts'

/** Asks the server for what is missing. The statement and those after it are sent once that is known. */
export function askFirst(
  connection: Connection,
  statement: SuspendedStatement,
  parameters: Parameters,
  missing: Missing,
): false {
  if (missing === 'parameter types') {
    const onTypes = (types: readonly number[]): void => {
      parameters.described = types
    }
    connection.send(new Description(statement, onTypes))
  } else {
    const onDone = (): void => connection.resume(statement)
    connection.send(new TypeLookup({ statement, unknown: missing, hasRun: false, onDone }))
  }
  connection.defer()
  return false
}
