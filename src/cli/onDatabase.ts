import { database, DatabaseError, type Database } from '../sql/index.ts'
import { devService } from './dev/devService.ts'
import { runningDev, type DevServices } from './dev/folderLock.ts'
import { expectedNames } from '../schema/validator/nearestName.ts'
import { CliError } from './failure.ts'

/** A command of several that work on the database of a service. */
export interface DatabaseCommand {
  /** Such as `jobs`. */
  readonly program: string
  readonly usage: string
  readonly commands: readonly string[]
  /** Returns what it means when tricube's tables are missing, by the command. */
  readonly missing: (command: string) => string
}

/**
 * Checks the words of a command and returns its name.
 *
 * @throws {CliError} when it is missing, unknown, or followed by too many words
 */
export function checkCommand(
  { program, usage, commands }: DatabaseCommand,
  command: string | undefined,
  others: readonly string[],
): string {
  if (command === undefined || others.length > 0) throw new CliError(usage.trim(), 2)
  if (commands.includes(command)) return command
  throw new CliError(
    `tricube ${program}: unknown command ${JSON.stringify(command)}${expectedNames(command, commands)}`,
    2,
  )
}

/** The options of a command that say which database it works on. */
export const databaseOptions = { url: { type: 'string' }, service: { type: 'string' } } as const

/** The lines of a usage that explain these options. */
export const databaseUsage = `The database is that of --url or DATABASE_URL. Beside a running tricube dev, --service <name> is the
service whose database it is. You need no option if only one service has a database.
`

/**
 * Opens the database of a service for one command.
 *
 * @throws {CliError} when it does not know which database, or the tables are missing
 */
export async function onDatabase(
  { program, missing }: DatabaseCommand,
  command: string,
  given: { readonly url?: string | undefined; readonly service?: string | undefined },
  run: (db: Database) => Promise<number>,
): Promise<number> {
  const url = given.url ?? (await databaseUrl(`tricube ${program}`, given.service))
  await using db = database({ url, lanes: 0, pool: 1, applicationName: `tricube ${program}` })
  try {
    return await run(db)
  } catch (error) {
    if (error instanceof DatabaseError && error.sqlstate === noSuchTable) throw new CliError(missing(command))
    throw error
  }
}

/** Returns the URL of `DATABASE_URL`, or that of a service of the `tricube dev` in this folder. */
async function databaseUrl(program: string, service: string | undefined): Promise<string> {
  const own = process.env['DATABASE_URL']
  if (own && service === undefined) return own
  const url = devService(program, await devHere(program), service)['DATABASE_URL']
  if (url === undefined)
    throw new CliError(
      `${program}: ${service ?? 'no service of tricube dev'} has ${service === undefined ? 'a' : 'no'} database`,
    )
  return url
}

/**
 * Returns what the `tricube dev` in this folder sets for its services.
 *
 * @throws {CliError} which says how to name the database, when none runs here
 */
export async function devHere(program: string): Promise<DevServices> {
  const dev = await runningDev('.')
  if (dev) return dev
  throw new CliError(
    `${program} needs the database of the service: set DATABASE_URL or pass --url, or start tricube dev in this folder`,
    2,
  )
}

/** PostgreSQL's code. */
const noSuchTable = '42P01'
