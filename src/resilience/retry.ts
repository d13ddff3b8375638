/** How a call failed. */
export type Failure =
  /** It was never written to a connection: it cannot have run. */
  | 'not sent'
  /** The connection broke before the response: it may have run. */
  | 'broken'
  /** The response was 503. */
  | 'unavailable'
  /** The response was 503 and says that the call did not run. */
  | 'unavailable, not run'
  /** Any other failure, and one that the callee marked as not to be retried. */
  | 'final'

/** What a second run of a call does: `idempotent` calls change nothing more. */
export type Repeat = 'idempotent' | 'unsafe'

/** Decides whether a failed call may be retried: if it did not run, or if it is idempotent. */
export type RetryPolicy = (failure: Failure, repeat: Repeat) => boolean

/**
 * Retries calls that cannot have run, and idempotent calls also after a broken connection or a 503.
 *
 * Sources: RFC 9110, 9.2.2; gRPC A6 (transparent retries of calls that were never sent, and pushback by the server).
 */
export const retryWhenSafe: RetryPolicy = (failure, repeat) => {
  if (failure === 'not sent' || failure === 'unavailable, not run') return true
  return repeat === 'idempotent' && (failure === 'broken' || failure === 'unavailable')
}

/** Retries nothing. */
export const neverRetry: RetryPolicy = () => false
