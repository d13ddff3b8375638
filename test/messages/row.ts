import { expect, test } from 'vitest'

/** A message: what the user does wrong, the input that provokes it, and the whole line that they read. */
export type Row<Input> = readonly [mistake: string, input: Input, line: string]

/** Checks that each input fails with exactly its line. */
export function testMessages<Input>(rows: readonly Row<Input>[], provoke: (input: Input) => unknown): void {
  test.each(rows)('%s', async (_mistake, input, line) => {
    const error: unknown = await Promise.resolve()
      .then(() => provoke(input))
      .then(
        () => undefined,
        (reason: unknown) => reason,
      )
    expect((error as Error | undefined)?.message).toBe(line)
  })
}
