import { parseArgs } from 'node:util'
import { CliError } from '../failure.ts'
import { availableCpus } from './cpus.ts'

const usage = 'Usage: tricube start <service> [--port <n>] [--host <address>] [--workers <n> | max]'

/**
 * `tricube start <service>`: runs one service until SIGTERM or SIGINT, in this process or in several that share its port.
 *
 * Resolves to the exit code: 0 when it was closed as it should be, 1 when it failed, an exception was not caught, or a
 * second signal came.
 */
export async function startCommand(argv: string[]): Promise<number> {
  const { positionals, values } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      port: { type: 'string' },
      host: { type: 'string' },
      workers: { type: 'string' },
      compiled: { type: 'string' }, // who starts several processes compiles once for all
    },
  })
  const [path, ...others] = positionals
  if (path === undefined || others.length > 0) throw new CliError(usage, 2)
  // The options are the environment's PORT and HOST by another way, so that one place reads and checks them.
  if (values.port !== undefined) process.env['PORT'] = portOf(values.port)
  if (values.host !== undefined) process.env['HOST'] = values.host
  process.env['NODE_ENV'] ??= 'production'

  if (values.workers === undefined) return (await import('./single.ts')).runService(path, values.compiled)
  return (await import('./primary.ts')).runWorkers(path, workersOf(values.workers))
}

function portOf(text: string): string {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return text
  throw new CliError(`tricube start: --port is a whole number from 0 to 65535, not ${JSON.stringify(text)}`, 2)
}

function workersOf(text: string): number {
  if (text === 'max') return availableCpus()
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text)
  throw new CliError(`tricube start: --workers is a whole number from 1 to 999, or max, not ${JSON.stringify(text)}`, 2)
}
