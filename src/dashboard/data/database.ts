import type { DatabaseRow, MigrationRow } from '../model/data.ts'

/** A database that the dashboard may read. */
export interface DashboardDatabase extends Pick<DatabaseRow, 'service' | 'name' | 'role'> {
  /** `postgres://…`, with its password. It never leaves the server. */
  readonly url: string
  /** Reads its migrations; undefined if its service has none. */
  readonly migrations?: (() => Promise<readonly MigrationRow[]>) | undefined
}
