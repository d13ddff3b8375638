import { database, type Database } from '../sql/index.ts'
import type { StatementSpans } from '../trace/statementSpans.ts'
import type { Config } from './config.ts'
import type { Context } from './context.ts'
import type { DatabaseSettings } from './definition.ts'

/** Opens a service's database where the configuration says; undefined when it says nothing and there are no shards. */
export function openDatabase(
  applicationName: string,
  { databaseUrl, databaseReplicaUrls }: Config,
  settings: DatabaseSettings,
  observer: StatementSpans | undefined,
): Database | undefined {
  if (databaseUrl === undefined && !settings.shards) return undefined
  const url = databaseUrl === undefined ? {} : { url: databaseUrl }
  return database<Context>({
    ...settings,
    ...url,
    replicas: databaseReplicaUrls,
    applicationName,
    ...(observer && { observer }),
  })
}
