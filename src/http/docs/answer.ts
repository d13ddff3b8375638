/** A body and what it is. */
export interface Answer {
  readonly type: string
  readonly body: string | Buffer
}
