import cluster from 'node:cluster'
import { CliError } from '../failure.ts'
import { loadService, type LoadedService } from '../load-service.ts'
import type { FromStart, ToStart } from './fork.ts'
import { Stopping, stopOnSignals } from './stopping.ts'

/** Runs a service in this process until it is told to stop; resolves to the exit code. */
export async function runService(path: string, compiled: string | undefined): Promise<number> {
  process.on('disconnect', () => process.exit(1)) // whoever started us was killed
  if (cluster.isWorker) obeyPrimary()
  const service = await loadService(path, compiled)
  const stopping = new Stopping(service, () => cluster.isWorker && tell({ tricube: 'stopping' }))
  if (cluster.isWorker) process.on('SIGTERM', () => stopping.begin())
  else stopOnSignals(service.name, () => stopping.begin())
  try {
    const { url } = await listen(service)
    tell({ tricube: 'listening', url })
  } catch (error) {
    if (!stopping.hasBegun) throw error
  }
  return stopping.exitCode
}

/** The signals of a terminal reach all processes of its group: those to a worker come from the primary. */
function obeyPrimary(): void {
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
  process.on('message', ({ tricube }: Partial<ToStart>) => {
    if (tricube === 'ping') tell({ tricube: 'pong' })
  })
}

function tell(message: FromStart): void {
  if (process.connected) process.send!(message)
}

async function listen(service: LoadedService): Promise<{ url: string }> {
  try {
    return await service.listen()
  } catch (error) {
    const { code, syscall, port, message } = error as NodeJS.ErrnoException & { port?: number }
    if (code === 'EADDRINUSE') {
      throw new CliError(
        `${service.name}: port ${port} is taken by another process; stop that, or choose another (PORT)`,
      )
    }
    if (syscall === 'listen' || syscall === 'getaddrinfo') {
      throw new CliError(`${service.name}: cannot listen: ${message}; what HOST and PORT name has to be this machine's`)
    }
    throw error
  }
}
