import { runnable } from '../../load/load.ts'
import { lateLog } from '../../log/late.ts'
import { ArrivalTimes } from '../../resilience/arrivalTimes.ts'
import type { FromWorker } from '../../service/parts/workers/messages.ts'
import { serviceFile } from '../load-service.ts'
import { forkWorker, type ForkedWorker, type ListeningMessage } from './fork.ts'
import { SharedRegistration } from './registration.ts'
import { stopOnSignals } from './stopping.ts'
import { Supervisor } from './supervisor.ts'
import { StartError } from './worker.ts'
import { WorkerStatus } from './workerStatus.ts'

/**
 * Runs a service in several worker processes that share its port; resolves to the exit code.
 *
 * The primary runs no code of the service. So the service cannot crash it, and a reload loads all code anew. It distributes
 * connections, supervises the workers, registers the service, combines their metrics and readiness, and counts rate limits.
 */
export async function runWorkers(path: string, count: number): Promise<number> {
  const file = serviceFile(path)
  const supervisor = new Supervisor({
    count,
    load: () => runnable(file),
    fork: (number, program) => forkWorker({ count, path, onMessage }, number, program),
    log: lateLog(() => registration.log),
  })
  const status = new WorkerStatus(supervisor)
  const rates = new ArrivalTimes()
  const registration = new SharedRegistration(async () => (await status.readiness()).status === 'ready')

  function onMessage(worker: ForkedWorker, message: FromWorker): void {
    if (message.tricube === 'register') registration.use(message.registration)
    else if (message.tricube === 'take') worker.reply(message.id, rates.take(message.key, message.quota))
    else if (message.tricube === 'query') {
      const { id, about } = message
      void status.query(about).then((fact) => worker.reply(id, fact))
    } else if (message.tricube === 'ended') {
      status.end(worker, message.metrics)
      worker.reply(message.id, null)
    }
  }

  let deregistered: Promise<void> | undefined
  const stop = (): void => {
    deregistered = registration.close()
    void supervisor.stop()
  }
  stopOnSignals(path, stop, () => supervisor.kill())
  process.on('disconnect', () => process.exit(1)) // our parent process was killed
  const started = supervisor.start()
  if (process.platform !== 'win32') {
    process.on('SIGHUP', () => void started.then(() => supervisor.reload()).catch(() => {}))
    process.on('SIGUSR2', () => supervisor.workers.forEach((worker) => worker.signal('SIGUSR2'))) // toggles the level of their logs
  }
  try {
    const url = await started
    registration.open()
    process.send?.({ tricube: 'listening', url } satisfies ListeningMessage)
  } catch (error) {
    if (!deregistered && error instanceof StartError && error.exit.code) return error.exit.code // the worker printed why
    if (!deregistered) throw error
  }
  const exitCode = await supervisor.ended
  await deregistered
  return exitCode
}
