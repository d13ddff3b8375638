/** How long the rest waits for one of several databases, in milliseconds. */
const patienceMs = 250

/**
 * Resolves when all of these have settled, or when some have not after 250 ms. `onLate` is called when one of the rest does. None may reject.
 */
export async function settled(all: readonly Promise<unknown>[], onLate: () => void): Promise<void> {
  if (all.length < 2) return void (await all[0])
  let isLate = false
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(() => resolve(void (isLate = true)), patienceMs)
  })
  for (const one of all) void one.then(() => isLate && onLate())
  await Promise.race([Promise.all(all), patience])
  clearTimeout(timer)
}
