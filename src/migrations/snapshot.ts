import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MigrationError } from './error.ts'
import { compareVersions } from './files.ts'

/** drizzle-kit's snapshot of the models, reduced to what is used here. */
export interface Snapshot {
  readonly tables: Record<string, TableSnapshot>
  readonly enums: Record<string, EnumSnapshot>
  readonly schemas: Record<string, unknown>
  readonly views: Record<string, unknown>
  readonly sequences: Record<string, unknown>
  readonly roles: Record<string, unknown>
  readonly policies: Record<string, unknown>
}

/** A table; its key in the snapshot is `schema.name`. */
export interface TableSnapshot {
  name: string
  /** Empty for `public`. */
  readonly schema: string
  columns: Record<string, ColumnSnapshot>
  indexes: Record<string, IndexSnapshot>
  foreignKeys: Record<string, ForeignKeySnapshot>
  compositePrimaryKeys: Record<string, { readonly name: string; columns: string[] }>
  uniqueConstraints: Record<string, { readonly name: string; columns: string[] }>
  checkConstraints: Record<string, { readonly name: string; value: string }>
  policies: Record<string, unknown>
}

/** An enum type; its key in the snapshot is `schema.name`. */
export interface EnumSnapshot {
  readonly name: string
  readonly schema: string
  readonly values: readonly string[]
}

export interface ColumnSnapshot {
  name: string
  readonly type: string
  /** Schema of the enum type; undefined for other types. */
  readonly typeSchema?: string
  readonly primaryKey: boolean
  readonly notNull: boolean
  /** As SQL, or as a number or boolean. */
  readonly default?: string | number | boolean
  generated?: { as: string }
  identity?: { name: string; readonly schema?: string }
}

export interface IndexSnapshot {
  readonly name: string
  readonly columns: { expression: string; readonly isExpression: boolean }[]
  where?: string
}

export interface ForeignKeySnapshot {
  readonly name: string
  tableFrom: string
  tableTo: string
  readonly schemaTo?: string
  columnsFrom: string[]
  columnsTo: string[]
}

/** Folder of the snapshots in the directory of the migrations: `meta/0007.json`. */
export const snapshotFolder = 'meta'

/**
 * Returns the snapshot of the last generated migration; undefined before the first.
 *
 * @throws {MigrationError} when the file is not JSON, for example after a merge conflict.
 */
export async function lastSnapshot(directory: string): Promise<Snapshot | undefined> {
  const folder = join(directory, snapshotFolder)
  const files = await readdir(folder).catch(() => [])
  const versions = files.flatMap((file) => /^(\d+)\.json$/.exec(file)?.[1] ?? [])
  const last = versions.sort(compareVersions).at(-1)
  if (last === undefined) return undefined
  const file = join(folder, `${last}.json`)
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Snapshot
  } catch (error) {
    throw new MigrationError(`${file} cannot be read: ${(error as Error).message}`, { cause: error })
  }
}
