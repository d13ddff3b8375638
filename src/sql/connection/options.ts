import type { ConnectionSettings } from '../url/settings.ts'
import type { Types } from '../values/types.ts'

/** Options of opening a session. */
export interface LoginLimits {
  readonly applicationName: string
  /** Milliseconds for opening it. */
  readonly connectTimeoutMs: number
}

/** How to open a connection. */
export interface ConnectOptions extends LoginLimits {
  readonly settings: ConnectionSettings
  /** Maximum of prepared statements on the connection. */
  readonly preparedStatements: number
  readonly types: Types
  readonly checkSessions: boolean
}
