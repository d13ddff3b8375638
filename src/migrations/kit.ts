import { access } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { load } from '../load/load.ts'
import { withWrittenDefaults } from './defaults.ts'
import { MigrationError } from './error.ts'
import type { Snapshot } from './snapshot.ts'

/** The functions of drizzle-kit used here. It is large, so it is loaded only to compare models. */
export interface Kit {
  /** Creates the snapshot of the tables, enums and other objects that a module exports. */
  snapshot(models: Readonly<Record<string, unknown>>): Snapshot
  /** Returns the statements from one snapshot to another. It asks in the terminal if something could be a rename. */
  diff(from: Snapshot, to: Snapshot): Promise<string[]>
}

/**
 * Loads the drizzle-kit of a service.
 *
 * @throws {MigrationError} when it is not installed.
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
 * Loads the models of a service: the exports of `models.ts` or `models/index.ts`.
 *
 * @throws {MigrationError} when there are none, or the module fails to load.
 */
export async function loadModels(folder: string): Promise<Readonly<Record<string, unknown>>> {
  for (const candidate of candidates) {
    const path = join(folder, candidate)
    if (!(await exists(path))) continue
    try {
      return await load(path)
    } catch (error) {
      if (error instanceof MigrationError) throw error
      throw new MigrationError(`${candidate} fails to load: ${(error as Error).message}`, { cause: error })
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
 * It is a development dependency of the service, not of tricube. As an optional peer it would be installed in production too.
 * Strict layouts of node_modules make it visible only to the service.
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
  throw new MigrationError('drizzle-kit is not installed: run npm install --save-dev drizzle-kit')
}
