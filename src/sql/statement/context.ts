import type { Observer, RequestScope } from '../api/observer.ts'
import type { Outlet } from '../api/outlet.ts'

/** The options and the request of a statement. */
export interface StatementContext {
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number | undefined
  readonly slow?: boolean | undefined
  readonly readOnly?: boolean | undefined
  /** Its signal is read only when a statement has to wait. */
  readonly request?: RequestScope | undefined
  readonly observer?: Observer | undefined
  readonly outlet?: Outlet | undefined
  /** True: reads run on the primary too. */
  readonly usesPrimary?: boolean | undefined
  /** Shared by the statements of one request. */
  readonly session?: { hasWritten: boolean } | undefined
  /** True: it never expires. */
  readonly isUnlimited?: boolean
}
