/** How a statement is bound and executed, when not just once for all rows. */
export interface Execution {
  /** Name of the portal, which stays open in a transaction. */
  readonly portal: string
  /** The most rows of the answer; 0: all. */
  readonly rowLimit: number
  /** The values of further runs, in the same exchange. */
  readonly further: readonly (readonly unknown[])[]
}

/** One run, all rows. */
export const single: Execution = { portal: '', rowLimit: 0, further: [] }
