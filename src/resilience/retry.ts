/** How a call came to nothing. */
export type Failure =
  /** It was never written to a connection: it cannot have run. */
  | 'not sent'
  /** The connection broke before the answer was there: it may have run. */
  | 'broken'
  /** Answered with 503. */
  | 'unavailable'
  /** Answered with 503, saying that it did not run. */
  | 'unavailable, not run'
  /** Anything else, and what its callee says is not to be retried. */
  | 'final'

/** Whether a call may be made again after a failure: when it did not run, or when running twice is running once. */
export type RetryPolicy = (failure: Failure, idempotent: boolean) => boolean

/**
 * Retries what cannot have run, and of idempotent calls also what broke and 503s.
 *
 * Sources: RFC 9110, 9.2.2; gRPC A6 (transparent retries of what never left, and pushback by the server).
 */
export const retryWhenSafe: RetryPolicy = (failure, idempotent) => {
  if (failure === 'not sent' || failure === 'unavailable, not run') return true
  return idempotent && (failure === 'broken' || failure === 'unavailable')
}

/** Retries nothing. */
export const neverRetry: RetryPolicy = () => false
