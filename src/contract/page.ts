import type { TInteger } from '@sinclair/typebox'
import { t } from '../schema/schema.ts'
import type { Items, Page, ResponseForm } from './responseForm.ts'

/** The query parameter for the size of a page. */
export const size: TInteger = t.Integer({ minimum: 1, maximum: 100, default: 20, description: 'items per page' })

/** A response that is one page of a list. */
export const page: ResponseForm = {
  name: 'page',
  query: {
    page: t.Integer({ minimum: 1, maximum: 1_000_000_000, default: 1, description: 'number of the page, from 1' }),
    size,
  },
  problem({ returns, query = {} }, method) {
    if (method !== 'GET') return 'only a GET can be paginated'
    if (!returns) return 'a paginated operation needs returns, the schema of one item'
    const clash = ['page', 'size'].find((name) => Object.hasOwn(query, name))
    return clash && `query.${clash} is added by paginated, remove it`
  },
  output: (returns) => t.Object({ items: t.Array(returns), total: t.Integer({ minimum: 0 }) }),
  outputProblem(output) {
    const { items, total } = (output ?? {}) as Partial<Items<unknown>>
    return items && Number.isInteger(total) ? undefined : 'the operation is paginated, return { items, total }'
  },
  map(output, change) {
    const { items, ...rest } = output as Items<unknown>
    return { ...rest, items: items.map(change) }
  },
  result(output, query) {
    const { items, total } = output as Items<unknown>
    return { items, page: query?.['page'] ?? 1, size: query?.['size'] ?? 20, total }
  },
  unwrap: ({ data, pagination }: { readonly data?: unknown; readonly pagination?: object }) => ({
    items: data,
    ...pagination,
  }),
  wrap(result) {
    const { items, ...pagination } = result as Page<unknown>
    return { data: items, pagination }
  },
}
