/** `tricube run <script>`: runs a script with the database, discovery and traces of a running `tricube dev`. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { scriptService } from '../config/load.ts'
import { runnable } from '../load/load.ts'
import { EnvFile } from './dev/envFile.ts'
import { devService } from './dev/devService.ts'
import { runningDev } from './dev/folderLock.ts'
import { onParentExit } from './dev/parent.ts'
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
  const [before, rest] = end < 0 ? [argv, []] : [argv.slice(0, end), argv.slice(end + 1)]
  const { positionals, values } = optionsIn(before)
  const [script, ...others] = positionals
  if (script === undefined || others.length > 0) throw new CliError(usage, 2)
  if (!existsSync(script)) throw new CliError(`tricube run: ${script} not found`)
  const dev = await runningDev('.')
  if (!dev) throw new CliError('tricube run: no tricube dev runs in this folder; start it here first')
  new EnvFile(resolve('.env'), process.env, complain).read()
  const own = devService('tricube run', dev, values.service)
  const name = Object.keys(dev).find((one) => dev[one] === own)
  const env = { NODE_ENV: 'development', LOG_STREAM: 'stderr', ...process.env, ...own, [scriptService]: name }
  const child = spawn(process.execPath, ['--enable-source-maps', await runnable(resolve(script)), ...rest], {
    env,
    stdio: 'inherit',
  })
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal)
  for (const signal of signals) process.on(signal, forward)
  onParentExit(() => forward('SIGTERM'))
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  return code ?? 128 + constants.signals[signal!]
}

/** @throws {CliError} for an option that is not its own: it is the script's */
function optionsIn(args: string[]) {
  try {
    return parseArgs({ args, allowPositionals: true, options: { service: { type: 'string' } } })
  } catch (error) {
    throw new CliError(`tricube run: ${(error as Error).message.split('. ')[0]}; put the script's own behind --`, 2)
  }
}

const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']
