import type { LateLog } from '../../log/late.ts'
import { NotReady } from './readiness.ts'
import { isDoneWithin } from '../../time/timeout.ts'

/** Something that a service depends on, and how it is asked. */
export interface HealthCheckOptions {
  readonly name: string
  readonly log: LateLog
  /** Default 800, so that the response comes before the orchestrator's own limit, which is 1 s by default. */
  readonly timeoutMs?: number | undefined
  /** Rejects when it is not well; the signal aborts when its time is over. */
  readonly run: (signal: AbortSignal) => unknown
}

/**
 * Makes a check that has an outcome in time, that runs once at a time however many ask, and that logs when its outcome
 * changes.
 */
export function healthCheck({ name, log, timeoutMs = 800, run }: HealthCheckOptions): () => Promise<void> {
  let running: Promise<unknown> | undefined
  let isWell = true
  return async () => {
    try {
      await ask()
    } catch (err) {
      if (isWell) log.warn({ err, check: name }, `health check ${name} fails`)
      isWell = false
      throw err
    }
    if (!isWell) log.info({ check: name }, `health check ${name} is well again`)
    isWell = true
  }

  async function ask(): Promise<void> {
    const late = new NotReady(`no answer within ${timeoutMs} ms`)
    running ??= start(late)
    if (!(await isDoneWithin(timeoutMs, running))) throw late
  }

  /** What it throws because its time is over is no reason of its own. */
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
