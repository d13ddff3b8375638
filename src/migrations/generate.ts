import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { assertRowsFit, parseRowChanges, type RowChangeTexts } from './rowChanges.ts'
import { assertUnambiguous, diff, enumStages, type Change } from './diff.ts'
import { MigrationError } from './error.ts'
import { readMigrations, type Migration } from './files.ts'
import { loadKit, loadModels } from './kit.ts'
import { applyRename, inverse, parseRenames } from './rename.ts'
import { lastSnapshot, snapshotFolder, type Snapshot } from './snapshot.ts'

/** Options of `generate` and `newMigration`. */
export interface GenerateOptions {
  /** Folder of the service, with `models.ts` and `migrations/`. */
  readonly folder: string
  /** Name of the migration, part of its filename: `add_age`. */
  readonly name: string
  /** Default: git's user.name and user.email. */
  readonly author?: string | undefined
}

/** Decisions about a change that models do not contain. */
export interface ChangeOptions extends RowChangeTexts {
  /** Tables and columns that are renamed and keep their data: `users:people`, `users.name:full_name`. */
  readonly renames?: readonly string[] | undefined
  /** Tables and columns that are dropped although a new one appears: `users.name`. */
  readonly drops?: readonly string[] | undefined
}

/**
 * Writes the migration from the last generated migration to the current models, and the migration back. Statements that
 * cannot run in one transaction get their own files: indexes on existing tables, and new values of enums.
 *
 * @returns The files, relative to the folder; none when models and migrations match.
 * @throws {MigrationError} when something may be a rename, or rows may be lost, and no option decides it.
 */
export async function generate(options: GenerateOptions & ChangeOptions): Promise<string[]> {
  const { folder, name, renames: renameTexts = [], drops = [] } = options
  const kit = await loadKit(folder)
  const [models, before] = await Promise.all([loadModels(folder), lastSnapshot(directoryOf(folder))])
  const [from, to] = [before ?? kit.snapshot({}), kit.snapshot(models)]
  const renames = parseRenames(renameTexts, from, to)
  assertUnambiguous(from, to, renames, drops)
  const changes = parseRowChanges(options)
  const renamed = structuredClone(from)
  for (const rename of renames) applyRename(renamed, rename)
  assertRowsFit(renamed, to, changes)

  const { withNewValues, withOldValues } = enumStages(from, to)
  const written = await writeMigrations(
    options,
    draftsOf(name, {
      values: { up: await diff(kit, from, withNewValues, []), down: await diff(kit, withNewValues, from, []) },
      main: {
        up: await diff(kit, withNewValues, withOldValues, renames, changes),
        down: await diff(kit, withOldValues, withNewValues, renames.map(inverse).reverse()),
      },
      oldValues: { up: await diff(kit, withOldValues, to, [], changes), down: await diff(kit, to, withOldValues, []) },
    }),
  )
  const last = written.at(-1)
  return last ? [...written.flatMap(({ files }) => files), await writeSnapshot(folder, last.version, to)] : []
}

/**
 * Stores the models as the result of the existing migrations, for migrations that were written by hand. Returns the file,
 * relative to the folder.
 *
 * @throws {MigrationError} when there is no migration yet.
 */
export async function acceptModels(folder: string): Promise<string> {
  const [kit, models, existing] = await Promise.all([
    loadKit(folder),
    loadModels(folder),
    readMigrations(directoryOf(folder)),
  ])
  const last = existing.at(-1)
  if (!last) throw new MigrationError(`${directoryOf(folder)} has no migrations yet`)
  return writeSnapshot(folder, last.version, kit.snapshot(models))
}

/** Writes an empty pair of files, for data, functions and extensions. Returns the files, relative to the folder. */
export async function newMigration(options: GenerateOptions): Promise<string[]> {
  const written = await writeMigrations(options, [{ name: options.name, up: [], down: [], transaction: true }])
  return written.flatMap(({ files }) => files)
}

/** Returns the SQL from the last generated migration to the models; none when they match. */
export async function missingSql(folder: string): Promise<string[]> {
  const kit = await loadKit(folder)
  await readMigrations(directoryOf(folder))
  const [models, before] = await Promise.all([loadModels(folder), lastSnapshot(directoryOf(folder))])
  const { dropIndexes, main, createIndexes } = await diff(kit, before ?? kit.snapshot({}), kit.snapshot(models), [])
  return [...dropIndexes, ...main, ...createIndexes]
}

interface Draft {
  readonly name: string
  readonly up: readonly string[]
  readonly down: readonly string[]
  readonly transaction: boolean
}

interface BothWays {
  readonly up: Change
  readonly down: Change
}

interface Parts {
  readonly values: BothWays
  readonly main: BothWays
  readonly oldValues: BothWays
}

/** The first step of the way up is the last of the way down, so each migration undoes itself. */
function draftsOf(name: string, { values, main, oldValues }: Parts): Draft[] {
  const { up, down } = main
  const drafts: Draft[] = [
    { name: `${name}_values`, up: values.up.main, down: values.down.main, transaction: true },
    { name: `${name}_drop_indexes`, up: up.dropIndexes, down: down.createIndexes, transaction: false },
    { name, up: up.main, down: down.main, transaction: true },
    { name: `${name}_old_values`, up: oldValues.up.main, down: oldValues.down.main, transaction: true },
    { name: `${name}_indexes`, up: up.createIndexes, down: down.dropIndexes, transaction: false },
  ]
  const some = drafts.filter((draft) => draft.up.length > 0)
  return some.length === 1 ? some.map((draft) => ({ ...draft, name })) : some
}

interface Written {
  readonly version: string
  readonly files: string[]
}

async function writeMigrations(options: GenerateOptions, drafts: readonly Draft[]): Promise<Written[]> {
  const { folder, name } = options
  if (!/^[a-z0-9_-]+$/i.test(name)) throw new MigrationError(`--name may contain letters, digits, _ and -, got ${name}`)
  await mkdir(directoryOf(folder), { recursive: true })
  const author = options.author ?? (await gitAuthor(folder))
  const existing = await readMigrations(directoryOf(folder))
  const written: Written[] = []
  for (const [index, draft] of drafts.entries()) {
    const version = versionAfter(existing, index + 1)
    const files = { up: draft.up, down: draft.down }
    const paths = Object.entries(files).map(([direction, statements]) => {
      const path = join('migrations', `${version}_${draft.name}.${direction}.sql`)
      return { path, text: textOf(author, draft.transaction, statements) }
    })
    await Promise.all(paths.map(({ path, text }) => writeFile(join(folder, path), text, { flag: 'wx' })))
    written.push({ version, files: paths.map(({ path }) => path) })
  }
  return written
}

function textOf(author: string | undefined, transaction: boolean, statements: readonly string[]): string {
  const head = [...(author ? [`-- author: ${author}`] : []), ...(transaction ? [] : ['-- tricube: no-transaction'])]
  return `${[head.join('\n'), ...statements].filter((part) => part !== '').join('\n\n')}\n`
}

function versionAfter(existing: readonly Migration[], step: number): string {
  const last = existing.at(-1)?.version ?? '0000'
  return String(BigInt(last) + BigInt(step)).padStart(Math.max(4, last.length), '0')
}

function directoryOf(folder: string): string {
  return join(folder, 'migrations')
}

async function writeSnapshot(folder: string, version: string, snapshot: Snapshot): Promise<string> {
  const path = join('migrations', snapshotFolder, `${version}.json`)
  await mkdir(join(directoryOf(folder), snapshotFolder), { recursive: true })
  await writeFile(join(folder, path), `${JSON.stringify(snapshot, null, 2)}\n`)
  return path
}

async function gitAuthor(folder: string): Promise<string | undefined> {
  const read = async (key: string): Promise<string> => {
    const { stdout } = await promisify(execFile)('git', ['config', key], { cwd: folder }).catch(() => ({ stdout: '' }))
    return stdout.trim()
  }
  const [name, email] = await Promise.all([read('user.name'), read('user.email')])
  return name ? `${name}${email && ` <${email}>`}` : undefined
}
