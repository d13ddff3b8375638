import type { DatabaseOptions } from './api.ts'
import { Cluster } from './cluster.ts'
import type { ServerOptions } from './server.ts'
import { Shards } from './shards.ts'
import { Types } from './types.ts'

/** Pipelined connections of a database that says nothing of them. */
export const defaultLanes = 2
/** Pooled connections of one that says nothing of them, at most. */
export const defaultPool = 10

/** Opens every server that the options name. */
export function openAll(options: DatabaseOptions): Shards {
  const { url, replicas = [], shards } = options
  if (!url && !shards) throw new TypeError('a database needs a url, or shards')
  const open = (primary: string, standbys: readonly string[]): Cluster =>
    new Cluster(
      serverOptions(primary, options),
      standbys.map((standby) => serverOptions(standby, options)),
      options.maxLagMs ?? 1000,
    )
  const clusters = Object.entries(shards?.map ?? {}).map(([name, shard]): [string, Cluster] =>
    typeof shard === 'string' ? [name, open(shard, [])] : [name, open(shard.url, shard.replicas ?? [])],
  )
  return new Shards(url ? open(url, replicas) : undefined, new Map(clusters), shards)
}

function serverOptions(url: string, options: DatabaseOptions): ServerOptions {
  const { acquireTimeoutMs = 3000 } = options
  return {
    url,
    lanes: options.lanes ?? defaultLanes,
    max: options.pool ?? defaultPool,
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
