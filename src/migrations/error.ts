/** What `MigrationError` says beside its message. */
export interface MigrationErrorOptions {
  /** The migration it is about: version and name, as in its file's name. */
  readonly migration?: string
  readonly cause?: unknown
}

/** A migration that cannot be read, trusted or applied; the message is one line or a short list, without any SQL text. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'
  /** The migration it is about, for example `0007_add_age`; undefined when it is about none in particular. */
  readonly migration: string | undefined

  constructor(message: string, { migration, cause }: MigrationErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.migration = migration
  }
}
