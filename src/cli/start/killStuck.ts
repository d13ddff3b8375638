import type { Clock } from '../../time/clock.ts'
import type { Logger } from '../../log/logger.ts'
import type { Worker } from './worker.ts'

/** A worker is asked so often whether its event loop goes round, in milliseconds … */
const pingMs = 5000
/** … and killed when it has not answered so many times: 30 s, as gunicorn has it. */
const mostUnanswered = 6

/**
 * Kills workers whose event loop is stuck, from now on.
 *
 * A probe would not find them: the primary hands connections to all workers, so that it sees another each time.
 */
export async function killStuck(workers: ReadonlySet<Worker>, clock: Clock, log: Pick<Logger, 'error'>): Promise<void> {
  for (;;) {
    await clock.wait(pingMs)
    for (const worker of workers) {
      if (!worker.url) continue // it is starting, which may take what it takes
      if (worker.unanswered < mostUnanswered) {
        worker.ping()
      } else {
        log.error({ workerPid: worker.pid }, 'a worker has not answered for 30 s: killed')
        worker.signal('SIGKILL')
      }
    }
  }
}
