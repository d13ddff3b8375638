import type { Connection } from '../connection/connection.ts'
import { PreparedStatement } from '../connection/statementCache.ts'
import type { Prepared } from '../text/prepared.ts'
import { catalog } from '../values/typeCatalog.ts'
import type { Parameters } from './parameters.ts'

/** Returns the statement to bind values to: `current`, if the connection has it, or one that is prepared first. */
export function statementFor(
  connection: Connection,
  prepared: Prepared,
  { values, further, guess, areTyped }: Parameters,
  known: PreparedStatement | undefined,
  current: PreparedStatement | undefined,
): PreparedStatement {
  if (current?.isConfirmed && !current.cuts(values, further)) return current
  // Behind a pooler each run is prepared anew. A value that was encoded as text must not be read as JSON by then.
  const forced = guess ?? (areTyped ? current?.parameterTypes?.map(textOnly) : undefined)
  return prepare(connection, prepared, known, forced)
}

/**
 * Writes Parse and Describe. The first run of a text names the statement. Runs before the server has accepted it prepare
 * their own unnamed statement, so that each gets the right error if it is rejected. `guess` has the parameter types by
 * which the values are already encoded.
 */
export function prepare(
  connection: Connection,
  prepared: Prepared,
  known?: PreparedStatement,
  guess?: readonly number[],
): PreparedStatement {
  const { output, statements } = connection
  const isBeingNamed = known !== undefined && !known.isConfirmed && statements.keepsNames
  let entry: PreparedStatement
  if (isBeingNamed) {
    entry = new PreparedStatement('', 0, known)
  } else {
    const added = statements.add(prepared, known)
    entry = added.entry
    if (added.evicted) output.closeStatement(added.evicted)
    // It is stale, or another client's behind a pooler. Closing a missing statement is no error.
    if (entry.name) output.closeStatement(entry.name)
  }
  output.parse(entry.name, prepared.text, guess?.map(forcedType))
  output.describe(entry.name)
  return entry
}

// A parameter that was text and is jsonb by now must not be read as JSON: as text it is rejected. For other types the
// server decides, because it may have widened them.
function forcedType(type: number): number {
  return textTypes.has(type) ? type : 0
}

// Lets the server decide unless a value of the type keeps all its blanks as text.
function textOnly(type: number): number {
  return type === catalog['bpchar']!.oid ? 0 : forcedType(type)
}

const textTypes: ReadonlySet<number> = new Set(['text', 'varchar', 'bpchar'].map((name) => catalog[name]!.oid))
