import type { Encoded, Output } from '../wire/output.ts'

/** How a statement is bound and executed. */
export interface Execution {
  /** Name of the portal, which stays open in a transaction. */
  readonly portal: string
  /** Maximum of rows in the response; 0 means all. */
  readonly rowLimit: number
  /** Values of further runs in the same exchange. */
  readonly further: readonly (readonly unknown[])[]
}

/** One run that returns all rows. */
export const single: Execution = { portal: '', rowLimit: 0, further: [] }

/** Writes Bind and Execute for each run. */
export function writeRuns(
  output: Output,
  name: string,
  { portal, rowLimit }: Execution,
  first: readonly Encoded[],
  further: readonly (readonly Encoded[])[],
): void {
  output.bind(portal, name, first)
  output.execute(portal, rowLimit)
  for (const values of further) {
    output.bind('', name, values)
    output.execute('', 0)
  }
}
