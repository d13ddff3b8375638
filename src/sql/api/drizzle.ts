import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'

/** What `execute`, and a change without `returning`, resolve with. */
export interface DrizzleResult<Row = Record<string, unknown>> {
  readonly command: string
  readonly rowCount: number
  readonly rows: Row[]
}

interface DrizzleResultHKT extends PgQueryResultHKT {
  readonly type: DrizzleResult<this['row']>
}

/** Drizzle's query builder; it throws this side's errors, without a wrapper that quotes the parameters. */
export type Drizzle = PgDatabase<DrizzleResultHKT>
