import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MigrationError } from './error.ts'
import { opening, splitStatements, type Statement } from './split.ts'

/** One direction of a migration. */
export interface Script {
  /** Name of the file, without the directory. */
  readonly file: string
  /** False when the file is marked `-- tricube: no-transaction`. */
  readonly transaction: boolean
  readonly statements: readonly Statement[]
}

/** A migration in the directory: `0007_add_age.up.sql` and, if it can be undone, `0007_add_age.down.sql`. */
export interface Migration {
  /** Version and name: `0007_add_age`. */
  readonly id: string
  /** The digits at the beginning of the filename: `0007`. */
  readonly version: string
  readonly name: string
  /** From the line `-- author: …` at the beginning of the file. */
  readonly author: string | undefined
  /** SHA-256 of the up file, with normalized line endings. */
  readonly checksum: string
  readonly up: Script
  readonly down: Script | undefined
}

/**
 * Reads the migrations of a directory, ordered by version.
 *
 * @throws {MigrationError} naming the file with an invalid name, a missing up file, a duplicate version or invalid SQL.
 */
export async function readMigrations(directory: string | URL): Promise<Migration[]> {
  const folder = pathOf(directory)
  const pairs = pairUp(await sqlFiles(folder))
  const migrations = await Promise.all(
    [...pairs].map(async ([id, { up, down }]) => {
      if (!up) throw new MigrationError(`${id}.down.sql has no ${id}.up.sql`, { migration: id })
      return toMigration(id, await readSource(folder, up), down === undefined ? down : await readSource(folder, down))
    }),
  )
  return inOrder(migrations)
}

/** Returns the path of a directory that is a path or a `file:` URL. */
function pathOf(directory: string | URL): string {
  return directory instanceof URL || directory.startsWith('file:') ? fileURLToPath(directory) : directory
}

const fileName = /^((\d+)_([A-Za-z0-9_-]+))\.(up|down)\.sql$/

interface Pair {
  up?: string
  down?: string
}

function pairUp(files: readonly string[]): Map<string, Pair> {
  const pairs = new Map<string, Pair>()
  for (const file of files) {
    const [, id, , , direction] = fileName.exec(file) ?? []
    if (!id) throw new MigrationError(`${file} is not a migration: expected a name like 0001_create_users.up.sql`)
    const pair = pairs.get(id) ?? {}
    pair[direction as keyof Pair] = file
    pairs.set(id, pair)
  }
  return pairs
}

interface Source {
  readonly file: string
  readonly text: string
}

function toMigration(id: string, up: Source, down: Source | undefined): Migration {
  const [, , version, name] = fileName.exec(up.file) as unknown as [string, string, string, string]
  return {
    id,
    version,
    name,
    author: headerOf(up.text, 'author')[0],
    checksum: createHash('sha256').update(up.text).digest('hex'),
    up: toScript(id, up),
    down: down && toScript(id, down),
  }
}

function toScript(id: string, { file, text }: Source): Script {
  const fail = (problem: string): never => {
    throw new MigrationError(`${file}: ${problem}`, { migration: id })
  }
  const directives = headerOf(text, 'tricube')
  const unknown = directives.find((directive) => directive !== 'no-transaction')
  if (unknown !== undefined) fail(`unknown directive "-- tricube: ${unknown}", expected "-- tricube: no-transaction"`)

  let statements: Statement[] = []
  try {
    statements = splitStatements(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    fail(error.message)
  }
  const control = statements.find(({ tokens }) => transactionControl.test(opening(tokens, 2)))
  if (control) fail(`line ${control.line}: remove BEGIN, COMMIT and ROLLBACK, tricube runs the transaction`)
  const psql = statements.flatMap(({ text, line }) => /^\\\w*/.exec(text)?.map((word) => ({ word, line })) ?? [])[0]
  if (psql) fail(`line ${psql.line}: ${psql.word} is a command of psql, not SQL: remove the line`)
  return { file, transaction: directives.length === 0, statements }
}

const transactionControl = /^(begin|start transaction|commit|end|rollback|abort|savepoint|prepare transaction)\b/

/** Returns the values of `-- key: value` in the comment lines at the beginning of a file. */
function headerOf(text: string, key: string): string[] {
  const head = /^(?:[^\S\n]*(?:--[^\n]*)?\n)*(?:[^\S\n]*--[^\n]*)?/.exec(text)?.[0] ?? ''
  return [...head.matchAll(new RegExp(`^[^\\S\\n]*--[^\\S\\n]*${key}:[^\\S\\n]*(.*?)[^\\S\\n]*$`, 'gm'))].map(
    (match) => match[1] as string,
  )
}

function inOrder(migrations: Migration[]): Migration[] {
  migrations.sort((a, b) => compareVersions(a.version, b.version))
  for (const [index, { id, version }] of migrations.entries()) {
    const before = migrations[index - 1]
    if (before && compareVersions(before.version, version) === 0) {
      throw new MigrationError(`${before.id} and ${id} have the same version: give one of them a later number`, {
        migration: id,
      })
    }
  }
  return migrations
}

/** Orders versions as numbers of any length. */
export function compareVersions(a: string, b: string): number {
  const difference = BigInt(a) - BigInt(b)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

async function sqlFiles(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new MigrationError(
      `the directory ${folder} does not exist: expected the service's .sql files, which a compiler does not copy`,
      { cause: error },
    )
  }
}

async function readSource(folder: string, file: string): Promise<Source> {
  const text = await readFile(join(folder, file), 'utf8')
  return { file, text: text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n') }
}
