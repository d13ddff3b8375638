import { database, DatabaseError, type Database } from '../sql/index.ts'
import { hint } from '../schema/validator/nearestName.ts'
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
    `tricube ${program}: unknown command ${JSON.stringify(command)}, expected ${commands.join(', ')}${hint(command, commands)}`,
    2,
  )
}

/** Opens the database of a service for one command. */
export async function onDatabase(
  { program, missing }: DatabaseCommand,
  command: string,
  url: string | undefined,
  run: (db: Database) => Promise<number>,
): Promise<number> {
  if (!url) {
    throw new CliError(`tricube ${program} needs the database of the service: set DATABASE_URL or pass --url`, 2)
  }
  await using db = database({ url, lanes: 0, pool: 1, applicationName: `tricube ${program}` })
  try {
    return await run(db)
  } catch (error) {
    if (error instanceof DatabaseError && error.sqlstate === noSuchTable) throw new CliError(missing(command))
    throw error
  }
}

/** PostgreSQL's code. */
const noSuchTable = '42P01'
