#!/usr/bin/env node
/** `tricube`: picks the command and turns what it throws into a line and an exit code. */
import * as module from 'node:module'
import { ownVersion } from '../load/own.ts'
import { CliError, complain, describeFailure } from './failure.ts'

// Node 22.1 and later keep compiled code on disk: a service starts in less time.
;(module as { enableCompileCache?: () => void }).enableCompileCache?.()

type Command = (argv: string[]) => Promise<number>

/** Each command is loaded when it is asked for, so that `start` loads nothing of `dev`. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  dev: async () => (await import('./dev.ts')).devCommand,
  run: async () => (await import('./run.ts')).runCommand,
  start: async () => (await import('./start/start.ts')).startCommand,
  openapi: async () => (await import('./openapi.ts')).openapiCommand,
  config: async () => (await import('./config.ts')).configCommand,
  jobs: async () => (await import('./jobs.ts')).jobsCommand,
  migrate: async () => (await import('./migrate.ts')).migrate,
}

/** These have a help of their own. */
const hasHelp: ReadonlySet<string> = new Set(['migrate', 'jobs'])

const help = `Usage: tricube <command>

  dev [dir…]                 run the services in these folders, with a PostgreSQL, and reload them on change
  run <script> [options]     run a script with what a running dev has: its database, services and traces; options:
                             --service <name>: whose database, -- <arguments of the script>
  start <service> [options]  run one service; options: --port <n>, --host <address>,
                             --workers <n> | max: in so many processes, which share the port
  openapi <service>          print the service's OpenAPI document
  config [service]           print the settings in force, and where each comes from
  jobs …                     list, show, retry and cancel jobs; more: tricube jobs --help
  migrate …                  apply, undo and list migrations; more: tricube migrate --help

  --help, --version

<service> is a service's file, such as user-service/service.ts, or its folder.
`

process.exit(await main(process.argv.slice(2)))

async function main([name = '--help', ...argv]: string[]): Promise<number> {
  try {
    checkNode()
    if (name === '--version' || name === '-v') return print(`${ownVersion}\n`)
    if (name === 'help' || name === '--help' || name === '-h') return print(help)
    const load = Object.hasOwn(commands, name) ? commands[name] : undefined
    if (!load) throw new CliError(`tricube: there is no command ${JSON.stringify(name)}, see tricube --help`, 2)
    if (!hasHelp.has(name) && (argv.includes('--help') || argv.includes('-h'))) return print(help)
    return await (
      await load()
    )(argv)
  } catch (error) {
    const wrongOption = optionError(error)
    complain(wrongOption ? `tricube ${name}: ${wrongOption}, see tricube --help` : describeFailure(error))
    return wrongOption ? 2 : error instanceof CliError ? error.exitCode : 1
  }
}

/** What npm only warns of; older ones fail later, in words that name a package. */
function checkNode(): void {
  const { node } = process.versions
  const [major = 0, minor = 0] = node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  throw new CliError(`tricube needs Node 20.19 or newer, and this is ${node}`)
}

function print(text: string): 0 {
  process.stdout.write(text)
  return 0
}

/** What `parseArgs` says of an option that it does not know, without its advice. */
function optionError(error: unknown): string | undefined {
  const { code, message } = (error ?? {}) as NodeJS.ErrnoException
  return String(code).startsWith('ERR_PARSE_ARGS') ? message.split('. ')[0] : undefined
}
