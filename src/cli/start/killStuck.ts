import type { Clock } from '../../time/clock.ts'
import type { Logger } from '../../log/logger.ts'
import type { Worker } from './worker.ts'

/** The interval of the pings, in milliseconds. */
const pingMs = 5000
/** A worker that misses this many pings is killed: after 30 s, the default timeout of gunicorn. */
const maxMissedPings = 6

/**
 * Kills workers whose event loop is stuck, for as long as the process runs.
 *
 * A health probe would not find them: each of its connections goes to another worker.
 */
export async function killStuck(workers: ReadonlySet<Worker>, clock: Clock, log: Pick<Logger, 'error'>): Promise<void> {
  for (;;) {
    await clock.wait(pingMs)
    for (const worker of workers) {
      if (!worker.url) continue // a start may take any time
      if (worker.missedPings < maxMissedPings) {
        worker.ping()
      } else {
        log.error({ workerPid: worker.pid }, 'a worker has not responded for 30 s, killing it')
        worker.signal('SIGKILL')
      }
    }
  }
}
