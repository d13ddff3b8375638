import type { Schemas } from '../schema/standard/spec.ts'
import { cursor } from './cursor.ts'
import { fileTypeOf } from './file.ts'
import { page } from './page.ts'
import { redirectOf } from './redirect.ts'
import type { ResponseFields, ResponseForm } from './responseForm.ts'

const single: ResponseForm = {
  name: 'single',
  problem: () => undefined,
  output: (returns) => returns,
  outputProblem: () => undefined,
  map: (output, change) => change(output),
  result: (output) => output,
  unwrap: ({ data }) => data,
  wrap: (data) => ({ data, pagination: undefined }),
}

const redirect: ResponseForm = { ...single, name: 'redirect' }
const file: ResponseForm = { ...single, name: 'file', outputProblem: contentProblem }

function contentProblem(output: unknown): string | undefined {
  if (typeof output === 'object' && output !== null && 'content' in output) return undefined
  return 'a file is { content: … }'
}

/** Returns the form of an operation's response. */
export function responseForm({ paginated, returns }: ResponseFields): ResponseForm {
  if (redirectOf(returns)) return redirect
  if (fileTypeOf(returns) !== undefined) return file
  if (paginated === 'cursor') return cursor
  return paginated ? page : single
}

/** Returns the query parameters of an operation, with those that its response form adds; undefined when it has none. */
export function queryOf(operation: ResponseFields & { readonly query?: Schemas }): Schemas | undefined {
  const { query: added } = responseForm(operation)
  return added ? { ...operation.query, ...added } : operation.query
}
