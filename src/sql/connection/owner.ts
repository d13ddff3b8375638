/** The user of an exclusive connection, with its deadline. */
export interface Owner {
  /** Whether its deadline may pass while it runs nothing, so that sweeps have to continue. */
  readonly isLimited: boolean
  /** The request that it works for. */
  readonly request: object | undefined
  /** Number of rows that a stream has yielded. */
  readonly rowsRead: number | undefined
  sweep(now: number): void
  /** Ends it for another reason than its deadline. */
  end(reason: unknown): void
}
