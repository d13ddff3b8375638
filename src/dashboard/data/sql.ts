import { randomBytes } from 'node:crypto'
import { isSecret } from '../../log/secretNames.ts'
import { censored } from '../../log/secretText.ts'
import type { Failure, Plan, SqlResult } from '../model/data.ts'
import { failureOf } from './failure.ts'
import { withSession, type SessionAccess } from './session.ts'
import { whyNotReading, withParameters } from './statementText.ts'

const mostRows = 1000

/** Runs a statement of the editor. Values of columns that are named like a secret become `[redacted]`. */
export async function runSql(url: string, text: string, access: SessionAccess): Promise<SqlResult | Failure> {
  try {
    const reason = access === 'read' ? whyNotReading(text) : undefined
    if (reason !== undefined) return { failure: reason }
    const began = performance.now()
    return await withSession({ url, access }, async ({ run, notices }) => {
      const { columns, rows, isCut, command } = await run(text, [], mostRows)
      const secret = columns.map(isSecret)
      return {
        columns,
        rows: secret.includes(true)
          ? rows.map((row) => row.map((cell, i) => (secret[i] && cell !== null ? censored : cell)))
          : rows,
        isCut,
        command,
        notices,
        durationMs: performance.now() - began,
      }
    })
  } catch (error) {
    return failureOf(error, text)
  }
}

/** A span ends a text so when it has cut it. */
const cutText = /…(?: \([\d,]+ characters\))?$/

/**
 * Explains the statement of a span, for any values and without running it: the plan that PostgreSQL makes when it does not
 * know the parameters. https://www.postgresql.org/docs/current/sql-prepare.html
 */
export async function explain(url: string, statement: string): Promise<Plan | Failure> {
  if (cutText.test(statement)) return { failure: 'the statement is too long: the span has only its beginning' }
  const text = withParameters(statement)
  try {
    return await withSession({ url }, async ({ run }) => {
      // A pooler may share the session with others, and statements outlive transactions.
      const name = `explained_${randomBytes(8).toString('hex')}`
      await run(`PREPARE ${name} AS ${text}`)
      await run('SET LOCAL plan_cache_mode = force_generic_plan')
      const types = await run('SELECT unnest(parameter_types)::text FROM pg_prepared_statements WHERE name = $1', [
        name,
      ])
      const values = types.rows.length > 0 ? `(${types.rows.map(() => 'NULL').join(', ')})` : ''
      const { rows } = await run(`EXPLAIN EXECUTE ${name}${values}`)
      await run(`DEALLOCATE ${name}`)
      return { text: rows.map(([line]) => line ?? '').join('\n'), parameters: types.rows.map(([type]) => type!) }
    })
  } catch (error) {
    return failureOf(error)
  }
}
