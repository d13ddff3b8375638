import { parseArgs } from 'node:util'
import { CliError, describeFailure } from './failure.ts'
import { loadService, type LoadedService } from './load-service.ts'

/** What a service says to the `tricube dev` that started it. */
export interface ListeningMessage {
  readonly url: string
}

/**
 * `tricube start <service>`: runs one service until SIGTERM or SIGINT, then closes it; the exit code is 0 when that
 * went well, 1 when it took over 30 s, failed, or a second signal came.
 */
export async function startCommand(argv: string[]): Promise<number> {
  const { positionals, values } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: { port: { type: 'string' }, host: { type: 'string' }, compiled: { type: 'string' } },
  })
  const [path, ...others] = positionals
  if (path === undefined || others.length > 0)
    throw new CliError('Usage: tricube start <service> [--port <n>] [--host <address>]', 2)
  // The options are the environment's PORT and HOST by another way, so that one place reads and checks them.
  if (values.port !== undefined) process.env['PORT'] = values.port
  if (values.host !== undefined) process.env['HOST'] = values.host

  process.env['NODE_ENV'] ??= 'production'
  const service = await loadService(path, values.compiled) // dev compiles, so that each service need not
  const stopped = untilStopped(service)
  const { url } = await listen(service)
  process.send?.({ url } satisfies ListeningMessage)
  return stopped
}

async function listen(service: LoadedService): Promise<{ url: string }> {
  try {
    return await service.listen()
  } catch (error) {
    const { code, port } = error as NodeJS.ErrnoException & { port?: number }
    if (code === 'EADDRINUSE') throw new CliError(`${service.name}: port ${port} is taken by another process`)
    throw error
  }
}

function untilStopped(service: LoadedService): Promise<number> {
  return new Promise((resolve) => {
    let stopping = false
    const giveUp = (why: string): never => {
      process.stderr.write(`${service.name}: ${why}\n`)
      process.exit(1)
    }
    const stop = (signal: NodeJS.Signals): void => {
      if (stopping) giveUp(`a second signal, ${signal}, while stopping`)
      stopping = true
      setTimeout(() => giveUp(`still not stopped ${stopTimeoutMs / 1000} s after ${signal}`), stopTimeoutMs)
      service.close().then(
        () => resolve(0),
        (error: unknown) => giveUp(describeFailure(error)),
      )
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
    // Started by `tricube dev`, which was killed.
    process.on('disconnect', () => process.exit(1))
  })
}

/** Longer than a service's own drain; what orchestrators wait by default (Kubernetes: 30 s). */
const stopTimeoutMs = 30_000
