import type { Observer, RequestScope } from '../api/observer.ts'
import type { Outlet } from '../api/outlet.ts'

/** On whose behalf a statement runs. */
export interface StatementContext {
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number | undefined
  readonly slow?: boolean | undefined
  readonly readOnly?: boolean | undefined
  /** Its signal is asked for only when a statement has to wait. */
  readonly request?: RequestScope | undefined
  readonly observer?: Observer | undefined
  readonly outlet?: Outlet | undefined
  /** True: reads go to the primary, too. */
  readonly usesPrimary?: boolean | undefined
  /** What the statements of one request have in common. */
  readonly session?: { hasWritten: boolean } | undefined
  /** True: it is never given up. */
  readonly isUnlimited?: boolean
}
