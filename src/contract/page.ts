import type { TProperties } from '@sinclair/typebox'
import { t } from '../schema/schema.ts'

/** The query parameters that `paginated` adds. */
export const pageProperties: TProperties = {
  page: t.Integer({ minimum: 1, maximum: 1_000_000_000, default: 1, description: 'which page, from 1' }),
  size: t.Integer({ minimum: 1, maximum: 100, default: 20, description: 'items on a page' }),
}

/** What an answer says of its place in the whole. */
export interface Pagination {
  readonly page: number
  readonly size: number
  readonly total: number
}
