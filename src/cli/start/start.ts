import { parseArgs } from 'node:util'
import { CliError } from '../failure.ts'
import { availableCpus } from './cpus.ts'

const usage = 'Usage: tricube start <service> [--port <n>] [--host <address>] [--workers <n> | max]'

/**
 * `tricube start <service>`: runs one service until SIGTERM or SIGINT, in this process or in workers that share its port.
 *
 * Resolves to the exit code: 0 after a clean shutdown, 1 after a failure, an uncaught exception or a second signal.
 */
export async function startCommand(argv: string[]): Promise<number> {
  const { positionals, values } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      port: { type: 'string' },
      host: { type: 'string' },
      workers: { type: 'string' },
      compiled: { type: 'string' }, // the primary compiles once for all workers
    },
  })
  const [path, ...others] = positionals
  if (path === undefined || others.length > 0) throw new CliError(usage, 2)
  // The options set PORT and HOST, so that the configuration reads and validates them in one place.
  if (values.port !== undefined) process.env['PORT'] = portOf(values.port)
  if (values.host !== undefined) process.env['HOST'] = values.host
  process.env['NODE_ENV'] ??= 'production'

  if (values.workers === undefined) return (await import('./single.ts')).runService(path, values.compiled)
  return (await import('./primary.ts')).runWorkers(path, workersOf(values.workers))
}

function portOf(text: string): string {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return text
  throw new CliError(`tricube start: --port must be an integer from 0 to 65535, got ${JSON.stringify(text)}`, 2)
}

function workersOf(text: string): number {
  if (text === 'max') return availableCpus()
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text)
  throw new CliError(
    `tricube start: --workers must be an integer from 1 to 999, or max, got ${JSON.stringify(text)}`,
    2,
  )
}
