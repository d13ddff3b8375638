import { ConfigError } from '../../config/configError.ts'
import { scriptService } from '../../config/load.ts'
import type { Rule } from '../../config/rule.ts'
import { group, record } from '../../config/rules.ts'
import type { LateLog } from '../../log/late.ts'
import { watchDatabase, type ConnectionStats } from '../../metrics/database.ts'
import { database as openSql, DatabaseError, type Database, type DatabaseOptions } from '../../sql/index.ts'
import { usageRules } from '../../sql/optionRules.ts'
import { connectionSettings } from '../../sql/url/settings.ts'
import { tlsOptions } from '../../sql/connection/tls.ts'
import type { Host, Opened, Part, RequestScope } from '../part.ts'
import { databaseSettings, type DatabaseConfig } from './databaseConfig.ts'
import { metrics } from './metrics.ts'
import { outlet } from './jobs/outlet.ts'
import { tracing } from './tracing/tracing.ts'
import { databaseShare } from './workers/share.ts'
import { workers } from './workers/workers.ts'

/** Options of a service's database. The context of a request chooses the shard. */
export type DatabaseSettings = Omit<
  DatabaseOptions<RequestScope>,
  'url' | 'replicas' | 'applicationName' | 'observer' | 'outlet'
>

/** The options of a service that has a database. */
export interface DatabasePartOptions {
  /** Drizzle tables: migrations are generated from them. */
  readonly models?: Readonly<Record<string, unknown>>
  /** Folder of the SQL migrations: `new URL('./migrations/', import.meta.url)`. */
  readonly migrations?: URL
  /** Lanes, pool, timeouts, codecs and shards. The configuration has the URL. */
  readonly database?: DatabaseSettings
  /** SQL that `tricube dev` runs once, on a new database: `new URL('./seed.sql', import.meta.url)`. */
  readonly seed?: URL
}

/** A service's database. */
export interface OpenedDatabase extends Opened<Database> {
  /** Undefined when the service has none. */
  readonly db: Database | undefined
  /** The database outside the shards. */
  readonly home: Database | undefined
  forRequest(scope: RequestScope): Database
}

/** The rule for the URL of a file or folder. */
export const folderUrl: Rule = {
  expected: "a URL like new URL('./migrations/', import.meta.url)",
  accepts: (value) => value instanceof URL,
}

/** The database of a service. */
export const database: Part<DatabasePartOptions, DatabaseConfig, OpenedDatabase> = {
  name: 'database',
  options: {
    migrations: folderUrl,
    models: record('Drizzle tables by name'),
    seed: folderUrl,
    database: group<DatabaseSettings>(usageRules),
  },
  settings: databaseSettings,
  async open(host, options) {
    const { config, use } = host
    checkUrl(host, options)
    checkScript(host, options)
    const { databaseUrl, databaseReplicaUrls } = config
    if (databaseUrl === undefined && !options.database?.shards) return none
    const { statements } = await use(tracing)
    const { size } = await use(workers)
    const { outlet: out } = await use(outlet)
    await checkFiles(config)
    await import('pg') // loaded now, so that the first statement does not wait for it
    const db = openSql<RequestScope>({
      ...databaseShare(options.database ?? {}, size),
      ...(databaseUrl !== undefined && { url: databaseUrl }),
      replicas: databaseReplicaUrls,
      applicationName: host.contract.name,
      ...(statements && { observer: statements }),
      outlet: out,
    })
    const hasHome = databaseUrl !== undefined
    const { metrics: all, isOn } = await use(metrics)
    if (isOn) watchDatabase(all, () => serversOf(db, hasHome))
    host.whenListening(() => void warnIfUnreachable(db, host.log))
    return {
      db,
      home: hasHome ? db : undefined,
      forRequest: (scope) => scope.keyed?.db ?? db.forRequest(scope),
      isReady: () => db.ping(),
      close: () => db.close(),
    }
  },
}

/** Throws, for a service without a database, an error that says how to get one. */
const none: OpenedDatabase = {
  db: undefined,
  home: undefined,
  forRequest() {
    throw new TypeError('this service has no database: give it models or migrations, or set DATABASE_URL')
  },
}

/** Whether a service has a database of its own. */
export function usesDatabase(options: OptionsWithDatabase): boolean {
  return optionWithDatabase(options) !== undefined
}

type OptionsWithDatabase = DatabasePartOptions & { readonly rateLimits?: { readonly store?: unknown } }

/** The option by which a service has a database of its own. */
function optionWithDatabase(options: OptionsWithDatabase): string | undefined {
  const own = (['models', 'migrations', 'database'] as const).find((name) => options[name] !== undefined)
  return own ?? (options.rateLimits?.store === 'postgres' ? "rateLimits.store 'postgres'" : undefined)
}

/**
 * @throws {ConfigError} when a certificate that a URL names cannot be read at the start. Later it may be missing for a
 * moment
 */
async function checkFiles({ databaseUrl, databaseReplicaUrls }: DatabaseConfig): Promise<void> {
  const urls = databaseUrl === undefined ? [] : [['DATABASE_URL', databaseUrl] as const]
  for (const [name, url] of [...urls, ...databaseReplicaUrls.map((one) => ['DATABASE_REPLICA_URLS', one] as const)]) {
    const settings = connectionSettings(url)
    if (settings.sslmode === 'disable') continue
    await tlsOptions(settings).catch((cause: Error) => {
      throw new ConfigError(`${name}: ${cause.message}`, { cause })
    })
  }
}

/** @throws {ConfigError} when a service has a database and no URL: each of its requests would fail */
function checkUrl({ contract, config }: Host<DatabaseConfig>, options: DatabasePartOptions): void {
  const asking = optionWithDatabase(options)
  if (config.databaseUrl !== undefined || options.database?.shards || asking === undefined) return
  throw new ConfigError(
    `DATABASE_URL in the environment: ${contract.name} has ${asking}, expected the URL of its database like postgres://user:password@host:5432/database, got nothing`,
  )
}

/** @throws {ConfigError} in a script that got another service's database: it would create its tables there */
function checkScript({ contract: { name }, config }: Host<DatabaseConfig>, options: DatabasePartOptions): void {
  const owner = process.env[scriptService]
  if (owner === undefined || owner === name || config.databaseUrl === undefined || !usesDatabase(options)) return
  throw new ConfigError(
    `DATABASE_URL is that of ${owner}, for which tricube run started this script: call ${name} by a client, or in a script of its own with --service ${name}`,
  )
}

/** Logs why a database does not respond. Readiness shows only that it does not, and may not be queried yet. */
async function warnIfUnreachable(db: Database, log: LateLog): Promise<void> {
  await db.ping(pingTimeoutMs).catch((error: unknown) => {
    if (error instanceof DatabaseError && error.sqlstate === closed) return
    log.warn({ reason: reasonOf(error) }, 'the database does not respond; the service is not ready until it does')
  })
}

/** Longer than a statement waits for a connection, so that the log has the reason. */
const pingTimeoutMs = 10_000
/** The service is already stopping. */
const closed = '08003'

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error
  return cause instanceof Error ? reasonOf(cause) : message
}

/** Every server of a database: the primaries of its shards, and their replicas. */
function* serversOf(db: Database, hasHome: boolean): Iterable<readonly [string, ConnectionStats]> {
  if (hasHome) yield* serversOfShard('', db)
  for (const name of db.shards.names) yield* serversOfShard(`${name}/`, db.shard(name))
}

function* serversOfShard(prefix: string, db: Database): Iterable<readonly [string, ConnectionStats]> {
  const { replicas, ...primary } = db.stats()
  yield [`${prefix}primary`, primary]
  for (const [i, replica] of replicas.entries()) yield [`${prefix}replica ${i + 1}`, replica]
}
