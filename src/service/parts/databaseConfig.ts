import type { Rule } from '../../config/rule.ts'
import { setting, type Settings } from '../../config/setting.ts'
import { connectionSettings } from '../../sql/url/settings.ts'

/** The URLs of a service's database. */
export interface DatabaseConfig {
  /** The service's database (`DATABASE_URL`). */
  readonly databaseUrl: string | undefined
  /** Its read-only replicas (`DATABASE_REPLICA_URLS`, separated by commas). */
  readonly databaseReplicaUrls: readonly string[]
}

const postgresUrl: Rule = {
  expected: 'a URL like postgres://user:password@host:5432/database',
  accepts: (value) => wrongUrl(value) === undefined,
  wrong: wrongUrl,
}

const postgresUrls: Rule = {
  expected: 'URLs like postgres://user:password@host:5432/database, separated by commas',
  parse: (text) => text.split(/,(?=postgres(?:ql)?:)/), // a URL may itself name several hosts
  accepts: (value) => Array.isArray(value) && value.every(postgresUrl.accepts),
  wrong: (value) => (Array.isArray(value) ? value.map(wrongUrl).find(Boolean) : undefined),
}

/** Returns the fault of a database URL, without any part that may be a password. */
function wrongUrl(value: unknown): string | undefined {
  try {
    connectionSettings(value)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** The settings behind these values. */
export const databaseSettings: Settings<DatabaseConfig> = {
  databaseUrl: setting<string | undefined>(postgresUrl, {
    variable: 'DATABASE_URL',
    meaning: "The service's database.",
    value: undefined,
    secret: 'password',
  }),
  databaseReplicaUrls: setting<readonly string[]>(postgresUrls, {
    variable: 'DATABASE_REPLICA_URLS',
    meaning: 'Read-only replicas of the database.',
    value: [],
    secret: 'password',
  }),
}
