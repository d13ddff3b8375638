/** A file of the documentation page, with its media type. */
export interface Asset {
  readonly type: string
  readonly body: string | Buffer
}
