import { withoutSecretText } from '../../log/secretText.ts'
import { lineAt } from '../../sqlText/lexer.ts'
import { cut } from '../ingest/limits.ts'
import type { Failure } from '../model/data.ts'

/** The fields of PostgreSQL's errors that a person needs. */
interface ServerError extends Error {
  readonly code?: string
  readonly detail?: string
  readonly hint?: string
  /** From 1, in characters. */
  readonly position?: string
}

const longestFailure = 4096

/** Says why a statement failed, with the line of it and the server's hint. */
export function failureOf(error: unknown, statement?: string): Failure {
  const { message, code, detail, hint, position } = error as ServerError
  const line = statement === undefined || position === undefined ? undefined : lineAt(statement, Number(position) - 1)
  const lines = [
    `${line === undefined ? '' : `line ${line}: `}${message}${code === undefined || code === '' ? '' : ` (${code})`}`,
    ...(detail === undefined ? [] : [`Detail: ${detail}`]),
    ...(hint === undefined ? [] : [`Hint: ${hint}`]),
  ]
  return { failure: withoutSecretText(cut(lines.join('\n'), longestFailure)) }
}

/** Returns the value of `work`, or why there is none. */
export async function outcomeOf<Value>(work: Promise<Value>, statement?: string): Promise<Value | Failure> {
  return work.catch((error: unknown) => failureOf(error, statement))
}
