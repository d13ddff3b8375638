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
import { Whole } from './whole.ts'

/**
 * Runs a service in several processes that share its port; resolves to the exit code.
 *
 * This one runs none of the service's code, so that nothing in that can take it down and a reload reads all of it again. It
 * accepts and hands out the connections, watches the workers, registers the service, answers for all of them and counts
 * for its rate limits.
 */
export async function runWorkers(path: string, count: number): Promise<number> {
  const file = serviceFile(path)
  const supervisor = new Supervisor({
    count,
    load: () => runnable(file),
    fork: (number, program) => forkWorker({ count, path, onMessage }, number, program),
    log: lateLog(() => registration.log),
  })
  const whole = new Whole(supervisor)
  const rates = new ArrivalTimes()
  const registration = new SharedRegistration(async () => (await whole.readiness()).status === 'ready')

  function onMessage(worker: ForkedWorker, message: FromWorker): void {
    if (message.tricube === 'register') registration.use(message.registration)
    else if (message.tricube === 'take') worker.answer(message.id, rates.take(message.key, message.quota))
    else if (message.tricube === 'ask') {
      const { id, about } = message
      void whole.ask(about).then((fact) => worker.answer(id, fact))
    } else if (message.tricube === 'ended') {
      whole.end(worker, message.metrics)
      worker.answer(message.id, null)
    }
  }

  let left: Promise<void> | undefined
  const stop = (): void => {
    left = registration.leave()
    void supervisor.stop()
  }
  stopOnSignals(path, stop, () => supervisor.kill())
  process.on('disconnect', () => process.exit(1)) // whoever started us was killed
  const started = supervisor.start()
  if (process.platform !== 'win32') {
    process.on('SIGHUP', () => void started.then(() => supervisor.reload()).catch(() => {}))
    process.on('SIGUSR2', () => supervisor.workers.forEach((worker) => worker.signal('SIGUSR2'))) // their log's level
  }
  try {
    const url = await started
    registration.open()
    process.send?.({ tricube: 'listening', url } satisfies ListeningMessage)
  } catch (error) {
    if (!left && error instanceof StartError && error.exit.code) return error.exit.code // it has said why
    if (!left) throw error
  }
  const exitCode = await supervisor.ended
  await left
  return exitCode
}
