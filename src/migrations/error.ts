/** Options of a `MigrationError`. */
export interface MigrationErrorOptions {
  /** The migration with the error: version and name, as in its filename. */
  readonly migration?: string
  readonly cause?: unknown
}

/** A migration that cannot be read, verified or applied. The message is one line or a short list, without SQL text. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'
  /** The migration with the error, such as `0007_add_age`; undefined if it is about none in particular. */
  readonly migration: string | undefined

  constructor(message: string, { migration, cause }: MigrationErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.migration = migration
  }
}
