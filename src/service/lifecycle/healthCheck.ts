import type { LateLog } from '../../log/late.ts'
import { messageWithCauses } from '../../log/plain.ts'
import { NotReady } from './readiness.ts'
import { isDoneWithin } from '../../time/timeout.ts'

/** A dependency of a service, and how it is checked. */
export interface HealthCheckOptions {
  readonly name: string
  readonly log: LateLog
  /** Default 800, so that the response comes before the orchestrator's own limit, which is 1 s by default. */
  readonly timeoutMs?: number | undefined
  /** Rejects when the dependency is not healthy. The signal aborts at the timeout. */
  readonly run: (signal: AbortSignal) => unknown
}

/**
 * Creates a check that always ends in time, runs once at a time for all callers, and logs when its outcome changes.
 */
export function healthCheck({ name, log, timeoutMs = 800, run }: HealthCheckOptions): () => Promise<void> {
  let running: Promise<unknown> | undefined
  let isWell = true
  return async () => {
    try {
      await ask()
    } catch (err) {
      if (isWell) log.warn({ check: name, ...reasonOf(err) }, `health check ${name} fails`)
      isWell = false
      throw err
    }
    if (!isWell) log.info({ check: name }, `health check ${name} succeeds again`)
    isWell = true
  }

  async function ask(): Promise<void> {
    const late = new NotReady(`no response within ${timeoutMs} ms`)
    running ??= start(late)
    if (!(await isDoneWithin(timeoutMs, running))) throw late
  }

  /** An error that the timeout itself caused is not the reason. */
  async function start(late: NotReady): Promise<void> {
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      await run(signal)
    } catch (error) {
      throw signal.aborted ? late : error
    } finally {
      running = undefined
    }
  }
}

/** Returns one line about a failure. Only a bug of the check itself has a stack that is worth reading. */
function reasonOf(err: unknown): { readonly reason?: string; readonly err?: unknown } {
  if (!(err instanceof Error)) return { reason: String(err) }
  return isBug(err) ? { err } : { reason: messageWithCauses(err) }
}

function isBug(error: Error): boolean {
  if (error.cause instanceof Error) return isBug(error.cause)
  const isOfLanguage = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError
  return isOfLanguage && (error as NodeJS.ErrnoException).code === undefined
}
