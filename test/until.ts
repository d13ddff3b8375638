/** Waits until a condition holds, in a process without vitest: a child, or the set-up. Elsewhere use `expect.poll`. */
export async function until(
  condition: () => unknown,
  { timeoutMs = 10_000, what = 'the condition' }: { readonly timeoutMs?: number; readonly what?: string } = {},
): Promise<void> {
  const end = performance.now() + timeoutMs
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`${what}: still not after ${timeoutMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
