import type { Failure } from '../../resilience/retry.ts'
import { shouldRetryHeader } from './call.ts'
import type { Exchange } from './exchange.ts'

/** Returns how an exchange failed; undefined when its response is the result of the call. */
export function failureOf(exchange: Exchange): Failure | undefined {
  const { ending, status } = exchange
  if (ending === 'not sent') return ending
  if (ending === 'broken') return exchange.isTooLarge ? 'final' : ending
  if (ending !== undefined) return 'final'
  if (status !== 503) return undefined
  switch (exchange.headers[shouldRetryHeader]) {
    case 'false':
      return 'final'
    case 'true':
      return 'unavailable, not run'
    default:
      return 'unavailable'
  }
}

/**
 * Whether an overloaded instance rejected the call before it ran.
 *
 * Such an instance works. Ejecting it would overload the remaining ones.
 */
export function isRejected(exchange: Exchange): boolean {
  return failureOf(exchange) === 'unavailable, not run'
}

/** Whether the callee is at fault: there is no response, or a 5xx. */
export function isFault({ ending, status }: Exchange): boolean {
  return ending !== undefined || status >= 500
}

/** Returns the milliseconds of `retry-after`, which has seconds or a date (RFC 9110, 10.2.3); 0 without it. */
export function retryAfterMs({ headers }: Exchange): number {
  return waitOf(headers['retry-after'])
}

/** Returns the milliseconds of a `retry-after`; 0 without it. */
export function waitOf(text: unknown, now: number = Date.now()): number {
  if (typeof text !== 'string') return 0
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now
  return Math.max(0, ms || 0)
}
