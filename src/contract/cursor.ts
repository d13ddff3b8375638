import { t } from '../schema/schema.ts'
import type { Schema } from '../schema/standard/spec.ts'
import { size } from './page.ts'
import type { CursorItems, CursorPage, ResponseForm } from './responseForm.ts'

/** A response that is a part of a list, and the cursor of the next part. */
export const cursor: ResponseForm = {
  name: 'cursor',
  query: {
    cursor: t.Optional(
      t.String({
        minLength: 1,
        maxLength: 2048,
        description: 'the `next` of the page before; default: the first page',
      }),
    ),
    size,
  },
  problem({ returns, query = {} }, method) {
    if (method !== 'GET') return 'only a GET can be paginated'
    if (!returns) return 'a paginated operation needs returns, the schema of one item'
    const clash = ['cursor', 'size'].find((name) => Object.hasOwn(query, name))
    return clash && `query.${clash} is added by paginated, remove it`
  },
  output: (returns) => t.Object({ items: t.Array(returns), next: t.Optional(t.Unknown()) }),
  outputProblem(output) {
    const { items } = (output ?? {}) as Partial<CursorItems<unknown, unknown>>
    return Array.isArray(items) ? undefined : 'the operation is paginated by cursor, return { items, next }'
  },
  map(output, change) {
    const { items, ...rest } = output as CursorItems<unknown, unknown>
    return { ...rest, items: items.map(change) }
  },
  result(output, query) {
    const { items, next } = output as CursorItems<unknown, unknown>
    return { items, size: query?.['size'] ?? 20, next: next === undefined || next === null ? null : cursorText(next) }
  },
  unwrap: ({ data, pagination }: { readonly data?: unknown; readonly pagination?: object }) => ({
    items: data,
    ...pagination,
  }),
  wrap(result) {
    const { items, ...pagination } = result as CursorPage<unknown>
    return { data: items, pagination }
  },
}

/** The schema of the position in a list, unless the operation has its own. */
export const defaultCursor: Schema = t.Union([t.String(), t.Integer()])

/** Writes the position in a list as a cursor. Callers do not read it: it is JSON as base64url. */
export function cursorText(position: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify(position))
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
