import type { Connection } from '../connection/connection.ts'
import { PreparedStatement } from '../connection/statementCache.ts'
import type { Prepared } from '../text/prepared.ts'
import { catalog } from '../values/typeCatalog.ts'
import type { Parameters } from './parameters.ts'

/** The statement that values are bound to: `current`, which the connection knows, or one that is prepared before them. */
export function statementFor(
  connection: Connection,
  prepared: Prepared,
  { values, further, guess, areTyped }: Parameters,
  known: PreparedStatement | undefined,
  current: PreparedStatement | undefined,
): PreparedStatement {
  if (current?.isConfirmed && !current.cuts(values, further)) return current
  // Behind a pooler each run is prepared anew: what was written as text must not be taken for JSON by then.
  const insisted = guess ?? (areTyped ? current?.parameterTypes?.map(textOnly) : undefined)
  return prepare(connection, prepared, known, insisted)
}

/**
 * Writes Parse and Describe. The first to use a text names it; those that come before the server has agreed prepare it
 * for themselves, without a name, so that each of them gets the true error if it is refused. `guess` has the parameter
 * types by which the values are written already.
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
    // One that went stale, or another client's behind a pooler. Closing what is not there is no error.
    if (entry.name) output.closeStatement(entry.name)
  }
  output.parse(entry.name, prepared.text, guess?.map(insistedOn))
  output.describe(entry.name)
  return entry
}

// A parameter that was text and is jsonb by now must not be taken for JSON: as text it is refused. Other types are left
// to the server, which may have widened them.
function insistedOn(type: number): number {
  return textTypes.has(type) ? type : 0
}

// Leaves a type to the server unless a value of it is text to the last blank.
function textOnly(type: number): number {
  return type === catalog['bpchar']!.oid ? 0 : insistedOn(type)
}

const textTypes: ReadonlySet<number> = new Set(['text', 'varchar', 'bpchar'].map((name) => catalog[name]!.oid))
