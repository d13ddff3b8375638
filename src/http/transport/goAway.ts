import type { Listener } from './messages.ts'

/** A server that can send its callers away, as HTTP/1.1 does by `connection: close`. */
export interface GoAway {
  /** Makes the next request of each session its last: GOAWAY is sent before its response. */
  readonly goAway: () => void
}

/**
 * Wraps a listener so that, once the server is leaving, each session gets GOAWAY with its next request.
 *
 * RFC 9113, 6.8 recommends two GOAWAY frames: the first is a notice that still accepts streams which are on their way. Node
 * offers only the second: after it no new stream is accepted. So it is sent when a new stream is unlikely: a caller that
 * waits for a response gets it before that response, and requests that arrived together are accepted together. A stream that crosses it is rejected, and the client may open it again on another connection.
 */
export function withGoAway(listener: Listener): GoAway & { readonly listener: Listener } {
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
