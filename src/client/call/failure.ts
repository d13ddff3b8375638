import type { Failure } from '../../resilience/retry.ts'
import { shouldRetryHeader } from './call.ts'
import type { Exchange } from './exchange.ts'

/** How an exchange failed; undefined when its answer is to be taken as it is. */
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

/** Whether the callee had no time for it: an instance that is overloaded is not broken, and leaving it would overload the rest. */
export function isRefused(exchange: Exchange): boolean {
  return failureOf(exchange) === 'unavailable, not run'
}

/** Whether the callee is at fault: no answer, or one that says so itself. */
export function isFault({ ending, status }: Exchange): boolean {
  return ending !== undefined || status >= 500
}

/** Milliseconds that the answer asks to wait (RFC 9110, 10.2.3: seconds or a date); 0 when it does not. */
export function retryAfterMs({ headers }: Exchange, now: number = Date.now()): number {
  const text = headers['retry-after']
  if (typeof text !== 'string') return 0
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now
  return Math.max(0, ms || 0)
}
