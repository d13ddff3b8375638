import type { TProperties } from '@sinclair/typebox'
import { page } from './page.ts'
import type { Responding, ResponseForm } from './responding.ts'

const single: ResponseForm = {
  name: 'single',
  problem: () => undefined,
  output: (returns) => returns,
  misfit: () => undefined,
  result: (output) => output,
  opened: ({ data }) => data,
  parts: (data) => ({ data, pagination: undefined }),
}

/** How an operation responds. */
export function responseForm({ paginated }: Responding): ResponseForm {
  return paginated ? page : single
}

/** The query parameters of an operation, with those that its response adds; undefined when it has none. */
export function queryOf(operation: Responding & { readonly query?: TProperties }): TProperties | undefined {
  const { query: added } = responseForm(operation)
  return added ? { ...operation.query, ...added } : operation.query
}
