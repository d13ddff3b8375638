import type { ConnectionSettings } from '../url/settings.ts'
import type { Types } from '../values/types.ts'

/** What a session is opened with. */
export interface LoginLimits {
  readonly applicationName: string
  /** Limit for opening it, in milliseconds. */
  readonly connectTimeoutMs: number
}

/** How to open a connection. */
export interface ConnectOptions extends LoginLimits {
  readonly settings: ConnectionSettings
  /** The most statements that are kept prepared on it. */
  readonly preparedStatements: number
  readonly types: Types
  readonly checkSessions: boolean
}
