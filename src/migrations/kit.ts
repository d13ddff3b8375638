import { access } from 'node:fs/promises'
import { join } from 'node:path'
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

/** @throws {MigrationError} when drizzle-kit is not installed. */
export async function loadKit(): Promise<Kit> {
  const { generateDrizzleJson, generateMigration } = await optional('drizzle-kit', () => import('drizzle-kit/api'))
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

async function optional<T>(name: string, importIt: () => Promise<T>): Promise<T> {
  try {
    return await importIt()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new MigrationError(`this needs ${name}: npm install --save-dev ${name}`, { cause: error })
  }
}
