/** How often files of keys are read, in milliseconds: a new key is there before it is used. */
const lookMs = 10_000

/**
 * Reads files again and again, and returns a function that stops it. A failure that repeats is reported once.
 *
 * It compares contents, because neither times nor watchers survive how Kubernetes swaps symlinks.
 */
export function keepLooking(look: () => Promise<void>, onFailure: (error: Error) => void): () => void {
  let failure: string | undefined
  const timer = setInterval(() => {
    look().then(
      () => (failure = undefined),
      (error: Error) => {
        if (error.message !== failure) onFailure(error)
        failure = error.message
      },
    )
  }, lookMs)
  timer.unref()
  return () => clearInterval(timer)
}
