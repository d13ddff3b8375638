import { GatewayTimeout } from '../../contract/serverErrors.ts'
import type { Cancellation } from '../../resilience/cancellation.ts'

/**
 * Returns why work ended at its deadline. Its statements and calls fail with this. Its message names the operation, and
 * its cause the calls without a response.
 */
export function pastDeadline(operation: string, cancellation?: Cancellation): GatewayTimeout {
  const calls = [...new Set(cancellation?.missing)]
  const cause = calls.length > 0 ? new Error(`no response to ${calls.join(', ')}`) : undefined
  return new GatewayTimeout('the deadline is past', { operation, cause })
}
