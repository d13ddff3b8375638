import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { migrateCommand, type Prepared } from '../migrations/command.ts'
import { database } from '../sql/index.ts'
import { prepareTables } from '../tables/prepare.ts'
import { CliError, failureLine } from './failure.ts'
import { loadService, serviceFileNames } from './load-service.ts'

/** `tricube migrate`, with an embedded PostgreSQL to verify generated migrations, and with tricube's own tables. */
export function migrate(argv: string[]): Promise<number> {
  return migrateCommand(argv, {
    startServer: async () => (await import('../postgres/start.ts')).startPostgres(),
    prepare: prepareFor,
  })
}

/** Creates tricube's tables for the service in a folder; resolves to undefined if it needs none. */
async function prepareFor(folder: string, url: string): Promise<Prepared | undefined> {
  if (!serviceFileNames.some((name) => existsSync(join(folder, name)))) return undefined
  const { name, tables = [], migrations } = await loadService(folder)
  if (tables.length === 0) return undefined
  try {
    await using db = database({ url, lanes: 0, applicationName: 'tricube migrate' })
    return { actions: await prepareTables(db, tables, name), hasMigrations: migrations !== undefined }
  } catch (error) {
    throw new CliError(`${name}: ${failureLine(error)}`)
  }
}
