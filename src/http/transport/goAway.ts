import type { Listener } from './messages.ts'

/** A server that can have its callers go elsewhere, where HTTP/1.1 has `connection: close`. */
export interface Leavable {
  /** From now on the next request of each session is its last: GOAWAY comes before the answer. */
  readonly goAway: () => void
}

/**
 * Lets a listener have its requests, and a session hear GOAWAY with the next of them once it is to.
 *
 * RFC 9113, 6.8 advises two: a first that gives no stream up, for those that are on their way. Node has but the second: of
 * nghttp2 it lacks the notice, and whatever number a GOAWAY names, no new stream is taken after it. So it comes when none
 * is likely to be on its way: who waits for an answer hears it before that, and what has come together is let in together.
 * A stream that crosses it is refused, which tells a client that it may open it again elsewhere.
 */
export function leavable(listener: Listener): Leavable & { readonly listener: Listener } {
  let isLeaving = false
  return {
    goAway(): void {
      isLeaving = true
    },
    listener(request, response) {
      if (!isLeaving || !('stream' in request)) return listener(request, response)
      const { stream } = request
      setImmediate(() => {
        if (stream.destroyed) return
        stream.session?.close()
        listener(request, response)
      })
    },
  }
}
