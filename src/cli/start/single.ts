import cluster from 'node:cluster'
import { CliError } from '../failure.ts'
import { loadService, type LoadedService } from '../load-service.ts'
import type { FromStart, ToStart } from './fork.ts'
import { Stopping, stopOnSignals } from './stopping.ts'

/** Runs a service in this process until a signal stops it; resolves to the exit code. */
export async function runService(path: string, compiled: string | undefined): Promise<number> {
  process.on('disconnect', () => process.exit(1)) // our parent process was killed
  if (cluster.isWorker) followPrimary()
  const service = await loadService(path, compiled)
  const stopping = new Stopping(service, () => cluster.isWorker && send({ tricube: 'stopping' }))
  if (cluster.isWorker) process.on('SIGTERM', () => stopping.begin())
  else stopOnSignals(service.name, () => stopping.begin())
  try {
    const { url } = await listen(service)
    send({ tricube: 'listening', url })
  } catch (error) {
    if (!stopping.hasBegun) throw error
  }
  return stopping.exitCode
}

/** Ignores the signals of a terminal, which reach all processes of its group: a worker obeys only its primary. */
function followPrimary(): void {
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
  process.on('message', ({ tricube }: Partial<ToStart>) => {
    if (tricube === 'ping') send({ tricube: 'pong' })
  })
}

function send(message: FromStart): void {
  if (process.connected) process.send!(message)
}

async function listen(service: LoadedService): Promise<{ url: string }> {
  try {
    return await service.listen()
  } catch (error) {
    const { code, syscall, port, message } = error as NodeJS.ErrnoException & { port?: number }
    if (code === 'EADDRINUSE') {
      throw new CliError(
        `${service.name}: port ${port} is in use; stop the process that uses it, or set another port (PORT)`,
      )
    }
    if (syscall === 'listen' || syscall === 'getaddrinfo') {
      throw new CliError(
        `${service.name}: cannot listen: ${message}; set HOST to an address of this machine and PORT to a port you may use`,
      )
    }
    throw error
  }
}
