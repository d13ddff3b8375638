import type { OutgoingRequest } from './call.ts'

/** Resolves after `ms` milliseconds, or when the call is cancelled. */
export function pause(
  ms: number,
  { signal, cancellation }: Pick<OutgoingRequest, 'signal' | 'cancellation'>,
): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(cancel, ms)
    const waiting = { cancel }
    cancellation?.add(waiting)
    signal?.addEventListener('abort', cancel, { once: true })
    function cancel(): void {
      clearTimeout(timer)
      cancellation?.remove(waiting)
      signal?.removeEventListener('abort', cancel)
      resolve()
    }
  })
}
