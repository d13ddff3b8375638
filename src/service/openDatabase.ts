import { database, DatabaseError, type Database } from '../sql/index.ts'
import { connectionSettings } from '../sql/url/settings.ts'
import { tlsOptions } from '../sql/wire/tls.ts'
import type { StatementSpans } from '../trace/statementSpans.ts'
import type { Logger } from '../log/logger.ts'
import type { Migrated } from './migrated.ts'
import { ConfigError, type Config } from './config.ts'
import type { Context } from './context.ts'
import { usesDatabase, type DatabaseSettings, type Definition } from './definition.ts'

/** Opens a service's database where the configuration says; undefined when it says nothing and there are no shards. */
export async function openDatabase(
  applicationName: string,
  { databaseUrl, databaseReplicaUrls }: Config,
  settings: DatabaseSettings,
  observer: StatementSpans | undefined,
): Promise<Database | undefined> {
  if (databaseUrl === undefined && !settings.shards) return undefined
  await checkFiles(databaseUrl, databaseReplicaUrls)
  await import('pg') // now, for it is no part of the time that a statement waits for a connection
  const url = databaseUrl === undefined ? {} : { url: databaseUrl }
  return database<Context>({
    ...settings,
    ...url,
    replicas: databaseReplicaUrls,
    applicationName,
    ...(observer && { observer }),
  })
}

/** @throws {ConfigError} when a certificate that a URL names cannot be read: later it may be away for a moment, not now */
async function checkFiles(databaseUrl: string | undefined, replicaUrls: readonly string[]): Promise<void> {
  const urls = databaseUrl === undefined ? [] : [['DATABASE_URL', databaseUrl] as const]
  for (const [name, url] of [...urls, ...replicaUrls.map((replica) => ['DATABASE_REPLICA_URLS', replica] as const)]) {
    const settings = connectionSettings(url)
    if (settings.sslmode === 'disable') continue
    await tlsOptions(settings).catch((cause: Error) => {
      throw new ConfigError(`${name}: ${cause.message}`, { cause })
    })
  }
}

/** @throws {ConfigError} when a service has a database and nobody says where: each of its requests would fail */
export function checkDatabaseUrl(definition: Definition, { databaseUrl }: Config): void {
  const { contract, database: settings } = definition
  if (databaseUrl !== undefined || settings?.shards || !usesDatabase(definition)) return
  throw new ConfigError(
    `DATABASE_URL in the environment: ${contract.name} has a database, expected its URL like postgres://user:password@host:5432/database, got nothing`,
  )
}

/** What knows of a service's migrations; undefined when it has none. It is loaded only then. */
export async function openMigrated({ migrations }: Definition, { databaseUrl }: Config): Promise<Migrated | undefined> {
  if (!migrations || databaseUrl === undefined) return undefined
  const { Migrated } = await import('./migrated.ts')
  return new Migrated(databaseUrl, migrations)
}

/** Says in the log why a database does not answer: readiness says only that it does not, and perhaps nobody asks yet. */
export async function tellIfUnreachable(db: Database, log: Logger): Promise<void> {
  await db.ping(pingTimeoutMs).catch((error: unknown) => {
    if (error instanceof DatabaseError && error.sqlstate === closed) return
    log.warn({ reason: reasonOf(error) }, 'the database does not answer; the service is not ready until it does')
  })
}

/** Longer than a statement waits for a connection, so that what keeps it from having one is told. */
const pingTimeoutMs = 10_000
/** The service stops already. */
const closed = '08003'

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error
  return cause instanceof Error ? reasonOf(cause) : message
}
