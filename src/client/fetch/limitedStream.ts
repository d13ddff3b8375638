/** What happens to a stream that is read while it arrives. */
export interface StreamLimits {
  /** Milliseconds of each wait for the next bytes. */
  readonly timeoutMs: number
  /** Ends the request. */
  readonly abort: (reason: Error) => void
  /** Returns the error of a wait that took too long. */
  readonly late: () => Error
  /** Returns the error of a connection that broke. */
  readonly broken: (cause: unknown) => unknown
}

/** Returns the bytes of a response as they arrive. They arrive as fast as they are read. */
export function limitedStream(
  source: ReadableStream<Uint8Array>,
  { timeoutMs, abort, late, broken }: StreamLimits,
): ReadableStream<Uint8Array> {
  const reader = source.getReader()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        let error: Error | undefined
        const timer = setTimeout(() => abort((error = late())), timeoutMs)
        try {
          const { done, value } = await reader.read()
          if (done) controller.close()
          else controller.enqueue(value)
        } catch (cause) {
          throw error ?? broken(cause)
        } finally {
          clearTimeout(timer)
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}
