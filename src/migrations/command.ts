/** `tricube migrate`: the migrations of a service on the command line. */
import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { printableLayout } from '../bytes/printable.ts'
import { nearestFolder } from '../load/nearestFolder.ts'
import { MigrationError } from './error.ts'
import { missingSql, newMigration } from './generate.ts'
import { acceptCommand, generateCommand, type ScratchServer } from './generateCommand.ts'
import { migrate, migrationStatus, rollback, type MigrationStatus } from './migrate.ts'
import { targetsOf } from './targets.ts'
import { UsageError } from './usageError.ts'

const help = `Usage: tricube migrate <command> <service> [options]

  generate --name <name>  write the SQL from the last migration to models.ts, and the SQL back
  new --name <name>       write an empty pair of files
  up                      apply pending migrations, and create the tables that tricube needs for the service
  down [n]                undo the last n migrations, default 1
  status                  list migrations and their states
  check                   compare models.ts with the migrations; if they differ, print the missing SQL and exit with 1

<service> is the folder of the service or its service.ts, default: the current folder

  --url <url>             URL of the database; repeat it for each shard. Default: DATABASE_URL, or that of the service
                          in the tricube dev that runs in the current folder
  --allow-destructive     run statements that lose data
  --allow-newer           accept a database that is ahead of this folder, for an older release
  --lock-timeout <ms>     how long one attempt waits for the lock of a table, default 1000
  --rename <old:new>      generate: rename users:people or users.name:full_name and keep the data; repeatable
  --drop <name>           generate: drop users or users.name instead of renaming it; repeatable
  --fill <name:sql>       generate: value of existing rows in a column that becomes NOT NULL, like users.vendor:''
  --using <name:sql>      generate: conversion of a column whose type changes, like users.age:age::integer
  --replace <old:new>     generate: replacement of a value that an enum loses, like mood.sad:ok, or null
  --snapshot-only         generate: write no SQL, because migrations written by hand already match the models
  --author <author>       generate, new: default git's user.name and user.email
`

const options = {
  name: { type: 'string' },
  author: { type: 'string' },
  rename: { type: 'string', multiple: true },
  drop: { type: 'string', multiple: true },
  fill: { type: 'string', multiple: true },
  using: { type: 'string', multiple: true },
  replace: { type: 'string', multiple: true },
  url: { type: 'string', multiple: true },
  'allow-destructive': { type: 'boolean' },
  'allow-newer': { type: 'boolean' },
  'lock-timeout': { type: 'string' },
  'snapshot-only': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies ParseArgsConfig['options']

/** The environment and the output of the command. */
export interface CommandContext {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly out?: (line: string) => void
  readonly err?: (line: string) => void
  /** Starts a PostgreSQL on which `generate` tests its SQL when there is no database URL. */
  readonly startServer?: (() => Promise<ScratchServer>) | undefined
  /**
   * Creates the tables that tricube needs for the service of a folder. Resolves to undefined when the service needs none.
   */
  readonly prepare?: (folder: string, url: string) => Promise<Prepared | undefined>
  /** Returns the URL of the database that a running `tricube dev` has made for the service in a folder. */
  readonly findUrl?: ((folder: string) => Promise<string>) | undefined
}

/** The preparation of a service that needs tables of tricube's own. */
export interface Prepared {
  /** What was done, a line each. */
  readonly actions: readonly string[]
  /** Whether the service has migrations. */
  readonly hasMigrations: boolean
}

/**
 * Runs `tricube migrate` with the arguments after that word.
 *
 * @returns The exit code: 0, or 1 when it failed or `check` found a difference, or 2 for invalid arguments.
 *
 * @example process.exitCode = await migrateCommand(['up', 'services/users', '--url', databaseUrl])
 */
export async function migrateCommand(argv: readonly string[], context: CommandContext = {}): Promise<number> {
  const { env = process.env, out = print, err = printError, startServer, findUrl, prepare = prepareNothing } = context
  try {
    const { values, positionals } = parse(argv)
    if (values.help || positionals.length === 0) {
      out(help)
      return values.help ? 0 : 2
    }
    const { command, service, count } = readPositionals(positionals)
    return await commands[command]({
      ...values,
      folder: await folderOf(service),
      count,
      env,
      out,
      err,
      startServer,
      findUrl,
      prepare,
    })
  } catch (error) {
    if (!(error instanceof MigrationError)) throw error
    err(error.message)
    return error instanceof UsageError ? 2 : 1
  }
}

// Messages of PostgreSQL may contain data of the tables.
const print = (line: string): void => console.log(printableLayout(line))
const printError = (line: string): void => console.error(printableLayout(line))

const prepareNothing = (): Promise<undefined> => Promise.resolve(undefined)

type Values = ReturnType<typeof parse>['values']

interface Invocation extends Values, Required<CommandContext> {
  readonly folder: string
  readonly count: number
}

type CommandName = 'generate' | 'new' | 'up' | 'down' | 'status' | 'check'

const commands: Readonly<Record<CommandName, (invocation: Invocation) => Promise<number>>> = {
  generate({ folder, name, author, url, env, startServer, out, err, ...values }) {
    if (values['snapshot-only']) return acceptCommand(folder, out)
    const { rename, drop, fill, using, replace } = values
    const options = {
      ...{ folder, name: required(name), author },
      ...{ renames: rename, drops: drop, fills: fill, usings: using, replacements: replace },
    }
    return generateCommand({ options, url: url?.[0] ?? env['DATABASE_URL'], startServer, out, err })
  },

  async new({ folder, name, author, out }) {
    for (const file of await newMigration({ folder, name: required(name), author })) out(join(folder, file))
    return 0
  },

  async up(invocation) {
    for await (const target of targetsOf(invocation)) {
      const prepared = await invocation.prepare(invocation.folder, target.url)
      const hasOnlyTables = prepared?.hasMigrations === false && !existsSync(target.directory)
      const { applied } = hasOnlyTables ? { applied: [] } : await migrate(target)
      for (const action of prepared?.actions ?? []) invocation.out(`${target.label}tricube: ${action}`)
      if (applied.length === 0 && !prepared?.actions.length) invocation.out(`${target.label}no pending migrations`)
    }
    return 0
  },

  async down(invocation) {
    for await (const target of targetsOf(invocation)) {
      const { undone } = await rollback({ ...target, steps: invocation.count })
      if (undone.length === 0) invocation.out(`${target.label}no migrations to undo`)
    }
    return 0
  },

  async status(invocation) {
    let hasProblem = false
    for await (const target of targetsOf(invocation)) {
      const rows = await migrationStatus(target)
      for (const line of table(rows)) invocation.out(`${target.label}${line}`)
      hasProblem ||= rows.some(({ state }) => state !== 'applied' && state !== 'pending')
    }
    return hasProblem ? 1 : 0
  },

  async check({ folder, out, err }) {
    const statements = await missingSql(folder)
    if (statements.length === 0) {
      out('models and migrations match')
      return 0
    }
    for (const statement of statements) out(statement)
    err('models.ts has changes without a migration: run tricube migrate generate')
    return 1
  },
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true })
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error })
  }
}

/** `up user-service` and `user-service up` are equal; the number of `down` follows the command or comes last. */
function readPositionals(positionals: readonly string[]): { command: CommandName; service: string; count: number } {
  const isCommand = (word: string): word is CommandName => Object.hasOwn(commands, word)
  const command = positionals.find(isCommand)
  if (!command) throw new UsageError(`unknown command "${positionals[0]}", see tricube migrate --help`)
  const rest = positionals.filter((_, index) => index !== positionals.indexOf(command))
  const counts = command === 'down' ? rest.filter((word) => /^\d+$/.test(word)) : []
  const [service = '.', ...superfluous] = rest.filter((word) => !counts.includes(word))
  if (superfluous.length > 0 || counts.length > 1) throw new UsageError(`too many arguments: ${rest.join(' ')}`)
  return { command, service, count: Number(counts[0] ?? 1) }
}

function required(name: string | undefined): string {
  if (name === undefined) throw new UsageError('--name is missing: pass a name like --name add_age')
  return name
}

async function folderOf(service: string): Promise<string> {
  const found = await stat(service).catch(() => undefined)
  if (!found) throw new UsageError(`${service} does not exist${nearestFolder(service)}`)
  return found.isDirectory() ? service : dirname(service)
}

function table(rows: readonly MigrationStatus[]): string[] {
  const width = Math.max(0, ...rows.map(({ id }) => id.length))
  return rows.map(({ id, state, appliedAt, durationMs, author }) =>
    [id.padEnd(width), state.padEnd(7), appliedAt, durationMs === undefined ? undefined : `${durationMs} ms`, author]
      .filter((cell) => cell !== undefined)
      .join('  ')
      .trimEnd(),
  )
}
