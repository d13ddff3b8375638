/** A version of a room's tables: SQL that runs once in each database. */
export interface TableVersion {
  /** Counts from 1. */
  readonly version: number
  /**
   * Statements that only add, because the earlier release uses the same database during a deploy. Tables have their
   * schema in front, such as `tricube.idempotency`.
   */
  readonly sql: string
}

/** The tables of one part, under the part's name. */
export interface Room {
  readonly name: string
  readonly versions: readonly TableVersion[]
}
