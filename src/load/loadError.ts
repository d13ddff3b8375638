/** A module cannot be loaded; the message is one line. */
export class LoadError extends Error {
  override readonly name: string = 'LoadError'
  /** The files at fault, as far as they are known. */
  readonly files: readonly string[]

  constructor(
    message: string,
    { files = [], cause }: { readonly files?: readonly string[]; readonly cause?: unknown } = {},
  ) {
    super(message, { cause })
    this.files = files
  }
}
