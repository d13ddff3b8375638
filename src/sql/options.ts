import type { DatabaseOptions } from './api.ts'
import type { ServerOptions } from './server.ts'
import { Types } from './types.ts'

/** The options of one server, with their defaults. */
export function serverOptions(url: string, options: DatabaseOptions): ServerOptions {
  const { acquireTimeoutMs = 3000 } = options
  return {
    url,
    lanes: options.lanes ?? 2,
    max: options.pool ?? 10,
    acquireTimeoutMs,
    connectTimeoutMs: acquireTimeoutMs,
    idleTimeoutMs: options.idleTimeoutMs ?? 60_000,
    maxLifetimeMs: options.maxLifetimeMs ?? 1_800_000,
    statementTimeoutMs: options.statementTimeoutMs ?? 30_000,
    applicationName: options.applicationName ?? 'tricube',
    preparedStatements: options.preparedStatements ?? 500,
    types: new Types(options.types),
  }
}
