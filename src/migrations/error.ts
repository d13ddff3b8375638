/** Options of a `MigrationError`. */
export interface MigrationErrorOptions {
  /** The migration with the error: version and name, as in its filename. */
  readonly migration?: string
  readonly cause?: unknown
}

/**
 * The error of a migration that cannot be read, verified or applied. Its message is one line or a short list, without SQL.
 *
 * @example
 * try {
 *   await migrate({ url: databaseUrl, directory })
 * } catch (error) {
 *   if (error instanceof MigrationError) console.error(error.migration, error.message)
 *   throw error
 * }
 */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'
  /** The migration with the error, such as `0007_add_age`; undefined if it is about none in particular. */
  readonly migration: string | undefined

  constructor(message: string, { migration, cause }: MigrationErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.migration = migration
  }
}
