/** `tricube migrate`: the migrations of one service, from the command line. */
import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { printableLayout } from '../bytes/printable.ts'
import { MigrationError } from './error.ts'
import { missingSql, newMigration } from './generate.ts'
import { acceptCommand, generateCommand, type ScratchServer } from './generateCommand.ts'
import { migrate, migrationStatus, rollback, type MigrateOptions, type MigrationStatus } from './migrate.ts'

const help = `Usage: tricube migrate <command> <service> [options]

  generate --name <name>  write the SQL that brings the database to models.ts, and the SQL that leads back
  new --name <name>       write an empty pair of files
  up                      apply what is pending, and create the tables of tricube that the service needs
  down [n]                undo the last n migrations, one when n is not given
  status                  list migrations and whether they are applied
  check                   do models.ts and the migrations agree? exits 1 and prints the missing SQL when not

<service> is the service's folder or its service.ts; default: the current folder.

  --url <url>             the database, default DATABASE_URL; again for each further shard
  --allow-destructive     let statements run that lose data
  --allow-newer           accept a database that is ahead of this folder, as it is for an older release
  --lock-timeout <ms>     how long one attempt may wait for a table's lock, default 1000
  --rename <old:new>      generate: users:people or users.name:full_name keeps its data; may be repeated
  --drop <name>           generate: users or users.name is dropped, not renamed; may be repeated
  --fill <name:sql>       generate: what rows get in a column that may not be null: users.vendor:''
  --using <name:sql>      generate: what a column becomes when its type changes: users.age:age::integer
  --replace <old:new>     generate: what becomes of a value that an enum no longer has: mood.sad:ok, or null
  --snapshot-only         generate: write no SQL, the migrations written by hand already make the models
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

/** Where the command reads its environment and writes its lines. */
export interface CommandContext {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly out?: (line: string) => void
  readonly err?: (line: string) => void
  /** Starts a PostgreSQL on which `generate` tries what it writes, where no database is named. */
  readonly startServer?: (() => Promise<ScratchServer>) | undefined
  /**
   * Creates the tables of tricube's own for the service in this folder; resolves to what it has done, to undefined when the
   * service needs none. A service that needs them may have no migrations.
   */
  readonly prepare?: (folder: string, url: string) => Promise<readonly string[] | undefined>
}

/**
 * Runs `tricube migrate` with the arguments behind that word.
 *
 * @returns The exit code: 0, 1 when it failed or `check` found a difference, 2 when the arguments make no sense.
 */
export async function migrateCommand(argv: readonly string[], context: CommandContext = {}): Promise<number> {
  const { env = process.env, out = print, err = complain, startServer, prepare = nothing } = context
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
      prepare,
    })
  } catch (error) {
    if (!(error instanceof MigrationError)) throw error
    err(error.message)
    return error instanceof UsageError ? 2 : 1
  }
}

// Errors of PostgreSQL quote what the tables have.
const print = (line: string): void => console.log(printableLayout(line))
const complain = (line: string): void => console.error(printableLayout(line))

const nothing = (): Promise<undefined> => Promise.resolve(undefined)

class UsageError extends MigrationError {}

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
    for (const target of targetsOf(invocation)) {
      const prepared = await invocation.prepare(invocation.folder, target.url)
      const hasOnlyTables = prepared !== undefined && !existsSync(target.directory)
      const { applied } = hasOnlyTables ? { applied: [] } : await migrate(target)
      for (const one of prepared ?? []) invocation.out(`${target.label}tricube: ${one}`)
      if (applied.length === 0 && !prepared?.length) invocation.out(`${target.label}nothing to apply`)
    }
    return 0
  },

  async down(invocation) {
    for (const target of targetsOf(invocation)) {
      const { undone } = await rollback({ ...target, steps: invocation.count })
      if (undone.length === 0) invocation.out(`${target.label}nothing to undo`)
    }
    return 0
  },

  async status(invocation) {
    let trouble = false
    for (const target of targetsOf(invocation)) {
      const rows = await migrationStatus(target)
      for (const line of table(rows)) invocation.out(`${target.label}${line}`)
      trouble ||= rows.some(({ state }) => state !== 'applied' && state !== 'pending')
    }
    return trouble ? 1 : 0
  },

  async check({ folder, out, err }) {
    const statements = await missingSql(folder)
    if (statements.length === 0) {
      out('models and migrations agree')
      return 0
    }
    for (const statement of statements) out(statement)
    err('models.ts has changes that no migration makes: run tricube migrate generate')
    return 1
  },
}

/** Each database to work on, and what its lines begin with. */
function* targetsOf(invocation: Invocation): Generator<MigrateOptions & { readonly label: string }> {
  const { folder, env, out, url = [env['DATABASE_URL'] ?? ''] } = invocation
  if (url.includes('')) throw new UsageError('which database? Give --url or set DATABASE_URL')
  const lockTimeoutMs = invocation['lock-timeout'] === undefined ? 1000 : Number(invocation['lock-timeout'])
  if (!Number.isInteger(lockTimeoutMs) || lockTimeoutMs < 1) {
    throw new UsageError(`--lock-timeout ${invocation['lock-timeout']}: expected milliseconds, 1 or more`)
  }
  for (const each of url) {
    const label = url.length === 1 ? '' : `${databaseOf(each)}: `
    yield {
      url: each,
      directory: join(folder, 'migrations'),
      label,
      lockTimeoutMs,
      allowDestructive: invocation['allow-destructive'] ?? false,
      allowNewer: invocation['allow-newer'] ?? false,
      onApplied: ({ id, durationMs }) => out(`${label}${id} (${Math.round(durationMs)} ms)`),
    }
  }
}

/** Host and database, never the password. */
function databaseOf(url: string): string {
  if (!URL.canParse(url)) return 'database'
  const { host, pathname } = new URL(url)
  return host + pathname
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true })
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error })
  }
}

/** `up user-service` and `user-service up` are the same; the count of `down` stands behind the command or last. */
function readPositionals(positionals: readonly string[]): { command: CommandName; service: string; count: number } {
  const isCommand = (word: string): word is CommandName => Object.hasOwn(commands, word)
  const command = positionals.find(isCommand)
  if (!command) throw new UsageError(`there is no command "${positionals[0]}", see tricube migrate --help`)
  const rest = positionals.filter((_, index) => index !== positionals.indexOf(command))
  const counts = command === 'down' ? rest.filter((word) => /^\d+$/.test(word)) : []
  const [service = '.', ...superfluous] = rest.filter((word) => !counts.includes(word))
  if (superfluous.length > 0 || counts.length > 1) throw new UsageError(`too many arguments: ${rest.join(' ')}`)
  return { command, service, count: Number(counts[0] ?? 1) }
}

function required(name: string | undefined): string {
  if (name === undefined) throw new UsageError('what does it do? Give it a name: --name add_age')
  return name
}

async function folderOf(service: string): Promise<string> {
  const found = await stat(service).catch(() => undefined)
  if (!found) throw new UsageError(`there is no ${service}`)
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
