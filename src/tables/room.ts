/** A step of a room's tables: SQL that is run once in each database. */
export interface TableVersion {
  /** From 1, rising. */
  readonly version: number
  /**
   * Statements that only add, for the release before works on the same database while a deploy is under way. Tables are named
   * in full, such as `tricube.idempotency`.
   */
  readonly sql: string
}

/** The tables of one part, under the part's name. */
export interface Room {
  readonly name: string
  readonly versions: readonly TableVersion[]
}
