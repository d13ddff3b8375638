#!/usr/bin/env node
/** The `tricube` command: runs the subcommand and turns its error into one line and an exit code. */
import * as module from 'node:module'
import { ownVersion } from '../load/own.ts'
import { hint } from '../schema/validator/nearestName.ts'
import { CliError, complain, describeFailure } from './failure.ts'

// Node 22.1 and later cache compiled code on disk, so a service starts faster.
;(module as { enableCompileCache?: () => void }).enableCompileCache?.()

type Command = (argv: string[]) => Promise<number>

/** Commands are loaded on demand: `start` must not load the code of `dev`. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  dev: async () => (await import('./dev.ts')).devCommand,
  dashboard: async () => (await import('./dashboard.ts')).dashboardCommand,
  run: async () => (await import('./run.ts')).runCommand,
  start: async () => (await import('./start/start.ts')).startCommand,
  token: async () => (await import('./token.ts')).tokenCommand,
  check: async () => (await import('./check.ts')).checkCommand,
  test: async () => (await import('./test.ts')).testCommand,
  add: async () => (await import('./add.ts')).addCommand,
  build: async () => (await import('./build.ts')).buildCommand,
  openapi: async () => (await import('./openapi.ts')).openapiCommand,
  config: async () => (await import('./config.ts')).configCommand,
  events: async () => (await import('./events.ts')).eventsCommand,
  jobs: async () => (await import('./jobs.ts')).jobsCommand,
  keys: async () => (await import('./keys.ts')).keysCommand,
  migrate: async () => (await import('./migrate.ts')).migrate,
}

/** These have a help of their own. */
const hasHelp: ReadonlySet<string> = new Set(['migrate', 'events', 'jobs', 'keys'])

const help = `Usage: tricube <command>

  dev [dir…]                 run the services in these folders (default: this folder) with an
                             embedded PostgreSQL, and restart them when their files change
      --open                 open the dashboard in your browser
      --no-dashboard         without the dashboard
      --dashboard-port <n>   try this port first (default: 8000)
      --dashboard-host <h>   also accept this host name, for port forwarding
  dashboard [file…]          open the dashboard for programs that send OTLP, or for files of
                             exported traces
      --otlp-port <n>        try this port first for OTLP (default: 4318)
      --open, --dashboard-…  as for dev
  run <script> [options]     run a script with the database, the services and the traces
                             of the dev that runs in this folder
      --service <name>       use this service's database, if several services have one
      -- <arguments>         pass these arguments to the script
  token --user <id>          print a token of the dev that runs in this folder
      --scopes <a,b>         with these scopes
      --tenant <id>          of this tenant
  start <service> [options]  run one service, until SIGTERM or SIGINT
      --port <n>             listen on this port (default: PORT)
      --host <address>       listen on this address (default: HOST)
      --workers <n> | max    run this many processes that share the port; max: one per CPU
  check [dir…]               compare contracts with their contract.json; exit with 1 when a
                             change breaks callers, with 2 when a service does not load
      --write                accept all changes: write contract.json beside each service
      --against <commit>     compare with the contract.json files of this commit of git
      --json, --github       print JSON, or annotations for a workflow of GitHub
  test [filter…]             run the tests with vitest and one embedded PostgreSQL
      --coverage             report coverage as text, HTML, lcov, Clover and Cobertura
      --junit <file>         write a JUnit report
      --watch                run them again when files change
      -- <options>           pass these options to vitest
  add service <name>         write a new service; print what to paste elsewhere
  add operation <service> <name> ['GET /path']
                             write its test; print what to paste into contract and service
  add migration <service> <name>
                             write an empty pair of files
  build [dir…]               write Dockerfile, compose.yaml, compose.cluster.yaml and k8s/
      --check                write nothing; exit with 1 when a file is out of date
      --force                overwrite files that were edited by hand
  openapi <service>          print the service's OpenAPI document as JSON
      --public               without internal operations and fields
  config [service]           print every setting, its value and its source
      --json                 as JSON
  events <command>           list events, and replay subscriptions; see tricube events --help
  jobs <command>             list, show, retry and cancel jobs; see tricube jobs --help
  keys <command>             create, list and revoke API keys; see tricube keys --help
  migrate <command>          apply, undo and list migrations; see tricube migrate --help

  --help, -h                 print this help
  --version, -v              print the version

<service> is the file of a service, such as user-service/service.ts, or its folder.
`

process.exit(await main(process.argv.slice(2)))

async function main([name = '--help', ...argv]: string[]): Promise<number> {
  try {
    checkNode()
    if (name === '--version' || name === '-v') return print(`${ownVersion}\n`)
    if (name === 'help' || name === '--help' || name === '-h') return print(help)
    const load = Object.hasOwn(commands, name) ? commands[name] : undefined
    if (!load)
      throw new CliError(
        `tricube: unknown command ${JSON.stringify(name)}, expected ${Object.keys(commands).join(', ')}${hint(name, Object.keys(commands))}; see tricube --help`,
        2,
      )
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

/** npm only warns about an old Node. Without this check, a dependency would fail with an unrelated message. */
function checkNode(): void {
  const { node } = process.versions
  const [major = 0, minor = 0] = node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  throw new CliError(`tricube: expected Node 20.19 or newer, got ${node}; install a newer Node`)
}

function print(text: string): 0 {
  process.stdout.write(text)
  return 0
}

/** The message of `parseArgs` for a wrong option, without its advice on positional arguments. */
function optionError(error: unknown): string | undefined {
  const { code, message } = (error ?? {}) as NodeJS.ErrnoException
  if (!String(code).startsWith('ERR_PARSE_ARGS')) return undefined
  const [text = ''] = message.split('. ')
  const unknown = /^Unknown option '(--[^']+)'$/.exec(text)?.[1]
  return unknown === undefined ? text : `${text}${hint(unknown, help.match(/--[a-z][a-z-]+/g) ?? [])}`
}
