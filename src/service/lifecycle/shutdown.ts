import type { Logger } from '../../log/logger.ts'
import { isDoneWithin } from '../../time/timeout.ts'

/** Runs a step of the stop, and goes on even if it fails. */
export type RunStep = (name: string, take: () => unknown) => Promise<void>

/**
 * Runs all steps of a stop, also when some fail. Failures are logged.
 *
 * @throws the first failure, or an error that names the steps that are not done within `limitMs`
 */
export async function runShutdown(
  limitMs: number,
  log: () => Logger,
  run: (step: RunStep) => Promise<void>,
): Promise<void> {
  const unfinished = new Set<string>()
  const failures: unknown[] = []
  const fail = (err: unknown, name: string): void => {
    failures.push(err)
    log().error({ err }, `stopping: ${name}`)
  }
  const step: RunStep = async (name, take) => {
    unfinished.add(name)
    try {
      await take()
    } catch (error) {
      fail(error, name)
    }
    unfinished.delete(name)
  }
  if (!(await isDoneWithin(limitMs, run(step)))) {
    const names = [...unfinished].join(', ')
    fail(new Error(`still not done after ${limitMs / 1000} s: ${names}`), names)
  }
  if (failures.length > 0) throw failures[0]
}
