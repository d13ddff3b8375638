import { flag } from '../../../config/rules.ts'
import type { Part } from '../../part.ts'
import { databaseSettings, type DatabaseConfig } from '../databaseConfig.ts'
import { folderUrl } from '../database.ts'
import { workers } from '../workers/workers.ts'

/** The options of a service that has migrations. */
export interface MigrationsOptions {
  /** Folder of the SQL migrations: `new URL('./migrations/', import.meta.url)`. */
  readonly migrations?: URL
  /**
   * True: the service is not ready while its database lacks one of them. Default: false, with a log line at the start.
   */
  readonly requireMigrations?: boolean
}

/** Reports migrations that the database lacks: in the log, and by option in `/health/ready`. */
export const migrations: Part<MigrationsOptions, Pick<DatabaseConfig, 'databaseUrl'>> = {
  name: 'migrations',
  options: { migrations: folderUrl, requireMigrations: flag },
  settings: { databaseUrl: databaseSettings.databaseUrl },
  async open({ config, log, use, whenListening }, { migrations: directory, requireMigrations = false }) {
    if (!directory || config.databaseUrl === undefined) return {}
    const { PendingMigrations } = await import('./pendingMigrations.ts') // a service without migrations has nothing to check
    const pending = new PendingMigrations(config.databaseUrl, directory)
    const { number = 1 } = await use(workers)
    whenListening(() => void (number === 1 && pending.logTo(log)))
    return requireMigrations ? { isReady: pending.check } : {}
  },
}
