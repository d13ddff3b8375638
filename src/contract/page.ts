import { t } from '../schema/schema.ts'
import type { Items, Page, ResponseForm } from './responding.ts'

/** A response that is one page of a list. */
export const page: ResponseForm = {
  name: 'page',
  query: {
    page: t.Integer({ minimum: 1, maximum: 1_000_000_000, default: 1, description: 'which page, from 1' }),
    size: t.Integer({ minimum: 1, maximum: 100, default: 20, description: 'items on a page' }),
  },
  problem({ returns, query = {} }, method) {
    if (method !== 'GET') return 'only a GET can be paginated'
    if (!returns) return 'a paginated operation needs returns, the schema of one item'
    const clash = ['page', 'size'].find((name) => Object.hasOwn(query, name))
    return clash && `paginated adds query.${clash} itself`
  },
  output: (returns) => t.Object({ items: t.Array(returns), total: t.Integer({ minimum: 0 }) }),
  misfit(output) {
    const { items, total } = (output ?? {}) as Partial<Items<unknown>>
    return items && Number.isInteger(total) ? undefined : 'it is paginated, return { items, total }'
  },
  result(output, query) {
    const { items, total } = output as Items<unknown>
    return { items, page: query?.['page'] ?? 1, size: query?.['size'] ?? 20, total }
  },
  opened: ({ data, pagination }: { readonly data?: unknown; readonly pagination?: object }) => ({
    items: data,
    ...pagination,
  }),
  parts(result) {
    const { items, ...pagination } = result as Page<unknown>
    return { data: items, pagination }
  },
}
