import { parseArgs } from 'node:util'
import { CliError } from './failure.ts'
import { loadService, type LoadedService } from './load-service.ts'
import { Stopping } from './stopping.ts'

/** What a service says to the `tricube dev` that started it. */
export interface ListeningMessage {
  readonly url: string
}

/**
 * `tricube start <service>`: runs one service until SIGTERM or SIGINT, then closes it; the exit code is 0 when that went
 * well, 1 when it failed, an exception was not caught, or a second signal came.
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
  const stopping = new Stopping(service)
  process.on('disconnect', () => process.exit(1)) // started by `tricube dev`, which was killed
  try {
    const { url } = await listen(service)
    process.send?.({ url } satisfies ListeningMessage)
  } catch (error) {
    if (!stopping.hasBegun) throw error
  }
  return stopping.exitCode
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
