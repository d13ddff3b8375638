import { migrateCommand, type Prepared } from '../migrations/command.ts'
import { database } from '../sql/index.ts'
import { prepareTables } from '../tables/prepare.ts'
import { CliError, failureLine } from './failure.ts'
import { loadService, serviceFileIn } from './load-service.ts'
import { devHere } from './onDatabase.ts'

/** `tricube migrate`, with an embedded PostgreSQL to verify generated migrations, and with tricube's own tables. */
export function migrate(argv: string[]): Promise<number> {
  return migrateCommand(argv, {
    startServer: async () => (await import('../postgres/start.ts')).startPostgres(),
    prepare: prepareFor,
    findUrl,
  })
}

/** Returns the URL of the database that the `tricube dev` of this folder has made for the service in a folder. */
async function findUrl(folder: string): Promise<string> {
  const dev = await devHere('tricube migrate')
  const { name } = await loadService(folder)
  const url = dev[name]?.['DATABASE_URL']
  if (url !== undefined) return url
  const why = dev[name] === undefined ? 'does not run' : 'made no database for'
  throw new CliError(`tricube migrate: the tricube dev in this folder ${why} ${name}: set DATABASE_URL or pass --url`)
}

/** Creates tricube's tables for the service in a folder; resolves to undefined if it needs none. */
async function prepareFor(folder: string, url: string): Promise<Prepared | undefined> {
  if (serviceFileIn(folder) === undefined) return undefined
  const { name, tables = [], migrations } = await loadService(folder)
  if (tables.length === 0) return undefined
  try {
    await using db = database({ url, lanes: 0, applicationName: 'tricube migrate' })
    return { actions: await prepareTables(db, tables, name), hasMigrations: migrations !== undefined }
  } catch (error) {
    throw new CliError(`${name}: ${failureLine(error)}`)
  }
}
