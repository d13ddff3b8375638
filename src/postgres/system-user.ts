/** The user that runs the server. PostgreSQL does not run as root, so root switches to the system user `postgres`. */
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chown, lstat, mkdir, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { PostgresError } from './error.ts'

/** A system user, as `spawn` takes it. */
export interface SystemUser {
  readonly uid: number
  readonly gid: number
}

/**
 * Returns the user that PostgreSQL's programs must run as; undefined for the current user.
 *
 * @throws {PostgresError} as root, when the user `postgres` is missing and cannot be created.
 */
export function serverUser(): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined
  const user = lookUp() ?? (make(), lookUp())
  if (user) return user
  throw new PostgresError(
    'PostgreSQL does not run as root, and the system user "postgres" cannot be created: run as another user, create that user, or set DATABASE_URL',
  )
}

function lookUp(): SystemUser | undefined {
  try {
    const id = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { stdio: 'pipe' }))
    return { uid: id('-u'), gid: id('-g') }
  } catch {
    return undefined
  }
}

/** With the tools of shadow, else of BusyBox (Alpine). Failures are ignored, because the user is looked up afterwards. */
function make(): void {
  const commands = [
    ['groupadd', '--system', '--force', 'postgres'],
    ['useradd', '--system', '--gid', 'postgres', '--no-create-home', 'postgres'],
    ['addgroup', '-S', 'postgres'],
    ['adduser', '-S', '-D', '-H', '-G', 'postgres', 'postgres'],
  ] as const
  for (const [command, ...args] of commands) {
    spawnSync(command, args)
    if (lookUp()) return
  }
}

/** Gives a folder or file to the user; does nothing for the current user. */
export async function giveTo(user: SystemUser | undefined, path: string): Promise<void> {
  if (user) await chown(path, user.uid, user.gid)
}

/** Whether the user may enter the folder and all folders above it. */
export async function canEnter(user: SystemUser | undefined, folder: string): Promise<boolean> {
  if (!user) return true
  const { mode, uid, gid } = await stat(folder)
  const shift = uid === user.uid ? 6 : gid === user.gid ? 3 : 0
  if (!(mode & (0o1 << shift))) return false
  const parent = dirname(folder)
  return parent === folder || canEnter(user, parent)
}

/**
 * Returns a folder of root below the temporary folder, which all users may enter, named after a purpose and a key.
 *
 * @throws {PostgresError} when it belongs to another user, because its programs would be run and its data trusted.
 */
export async function sharedFolder(purpose: string, key: string): Promise<string> {
  const root = join(tmpdir(), 'tricube')
  await mkdir(root, { recursive: true, mode: 0o755 })
  const { uid, mode } = await lstat(root)
  if (uid !== process.getuid?.() || mode & 0o022)
    throw new PostgresError(`${root} belongs to another user or is writable for others: delete it`)
  const folder = join(root, `postgres-${purpose}-${createHash('sha256').update(key).digest('hex').slice(0, 16)}`)
  await mkdir(folder, { recursive: true, mode: 0o755 })
  return folder
}
