/** `tricube run <script>`: runs a script with the database, discovery and traces of a running `tricube dev`. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { runnable } from '../load/load.ts'
import { EnvFile } from './dev/envFile.ts'
import { runningDev, type DevServices } from './dev/folderLock.ts'
import { CliError, complain } from './failure.ts'

const usage = 'Usage: tricube run <script> [--service <name>] [-- <arguments of the script>]'

/**
 * Runs the script in a child process and resolves to its exit code.
 *
 * @throws {CliError} when the script is missing, no `tricube dev` runs in this folder, or several services have a database
 *   and `--service` names none
 */
export async function runCommand(argv: string[]): Promise<number> {
  const end = argv.indexOf('--')
  const [own, rest] = end < 0 ? [argv, []] : [argv.slice(0, end), argv.slice(end + 1)]
  const { positionals, values } = parseArgs({
    args: own,
    allowPositionals: true,
    options: { service: { type: 'string' } },
  })
  const [script, ...others] = positionals
  if (script === undefined || others.length > 0) throw new CliError(usage, 2)
  if (!existsSync(script)) throw new CliError(`tricube run: ${script} not found`)
  const dev = await runningDev('.')
  if (!dev) throw new CliError('tricube run: no tricube dev runs in this folder; start it here first')
  new EnvFile(resolve('.env'), process.env, complain).read()
  const env = { NODE_ENV: 'development', LOG_STREAM: 'stderr', ...process.env, ...environmentOf(dev, values.service) }
  const child = spawn(process.execPath, ['--enable-source-maps', await runnable(resolve(script)), ...rest], {
    env,
    stdio: 'inherit',
  })
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal)
  for (const signal of signals) process.on(signal, forward)
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  return code ?? 128 + constants.signals[signal!]
}

const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** Returns the environment that dev sets for the named service, or for the only service with a database. */
function environmentOf(services: DevServices, name: string | undefined): NodeJS.ProcessEnv {
  const names = Object.keys(services)
  if (name !== undefined) {
    const found = services[name]
    if (!found) throw new CliError(`tricube run: --service must be ${names.join(' or ')}, got ${JSON.stringify(name)}`)
    return found
  }
  const withDatabase = names.filter((one) => services[one]!['DATABASE_URL'] !== undefined)
  if (withDatabase.length > 1) {
    throw new CliError(
      `tricube run: several services have a database; add --service ${withDatabase.join(' or --service ')}`,
    )
  }
  return services[withDatabase[0] ?? names[0]!] ?? {}
}
