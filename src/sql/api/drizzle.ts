import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'

/** The result of `execute`, and of a change without `returning`. */
export interface DrizzleResult<Row = Record<string, unknown>> {
  readonly command: string
  readonly rowCount: number
  readonly rows: Row[]
}

interface DrizzleResultHKT extends PgQueryResultHKT {
  readonly type: DrizzleResult<this['row']>
}

/** Drizzle's query builder. It throws `DatabaseError`, without a wrapper that contains the parameters. */
export type Drizzle = PgDatabase<DrizzleResultHKT>
