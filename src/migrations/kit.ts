import { access } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { load } from '../load/load.ts'
import { withWrittenDefaults } from './defaults.ts'
import { MigrationError } from './error.ts'
import type { Snapshot } from './snapshot.ts'

/** What of drizzle-kit is used: it is large, so it is loaded only to compare models. */
export interface Kit {
  /** Writes down the tables, enums and so on among a module's exports. */
  snapshot(models: Readonly<Record<string, unknown>>): Snapshot
  /** The statements that lead from one to the other. It asks in the terminal when something could be a rename. */
  diff(from: Snapshot, to: Snapshot): Promise<string[]>
}

/**
 * Loads the drizzle-kit that is installed for a service.
 *
 * @throws {MigrationError} when there is none.
 */
export async function loadKit(folder: string): Promise<Kit> {
  const { generateDrizzleJson, generateMigration } = await importKit(folder)
  const [{ is, sql, getTableColumns }, { PgTable }] = await Promise.all([
    import('drizzle-orm'),
    import('drizzle-orm/pg-core'),
  ])
  const orm = { is, sql, getTableColumns, PgTable }
  return {
    snapshot: (models) => withWrittenDefaults(orm, models, () => generateDrizzleJson({ ...models })),
    diff: (from, to) => generateMigration(from, to),
  }
}

const candidates = ['models.ts', 'models.js', 'models.mjs', 'models/index.ts', 'models/index.js']

/**
 * Loads the models of a service's folder: the exports of `models.ts`, or of `models/index.ts`.
 *
 * @throws {MigrationError} when there are none or the module does not load.
 */
export async function loadModels(folder: string): Promise<Readonly<Record<string, unknown>>> {
  for (const candidate of candidates) {
    const path = join(folder, candidate)
    if (!(await exists(path))) continue
    try {
      return await load(path)
    } catch (error) {
      if (error instanceof MigrationError) throw error
      throw new MigrationError(`${candidate} does not load: ${(error as Error).message}`, { cause: error })
    }
  }
  throw new MigrationError(`${folder} has no models.ts`)
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

/**
 * It is the service's dependency for development, not tricube's: npm would install an optional peer in production too, and
 * strict layouts of node_modules show it to the service alone.
 */
async function importKit(folder: string): Promise<typeof import('drizzle-kit/api')> {
  for (const from of [join(resolve(folder), 'models.ts'), import.meta.url]) {
    try {
      const path = createRequire(from).resolve('drizzle-kit/api')
      return (await import(pathToFileURL(path).href)) as typeof import('drizzle-kit/api')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
    }
  }
  throw new MigrationError('this needs drizzle-kit: npm install --save-dev drizzle-kit')
}
