import { Cluster } from './pool/cluster.ts'
import type { ServerOptions } from './pool/server.ts'
import { Shards } from './shards.ts'
import { Types } from './values/types.ts'
import { connectionSettings, type ConnectionSettings } from './url/settings.ts'
import type { DatabaseOptions } from './api/options.ts'

/** Number of pipelined connections by default. */
export const defaultLanes = 2
/** Maximum of pooled connections by default. */
export const defaultPool = 10

/** Opens all servers of the options. */
export function openAll(options: DatabaseOptions): Shards {
  const { url, replicas = [], shards } = options
  if (!url && !shards) throw new TypeError('database: url or shards is required')
  // All URLs are parsed before the first connection is opened, so that an invalid one leaves nothing open.
  const plan = (what: string, primary: string, standbys: readonly string[], own = `${what} `): ClusterPlan => [
    serverOptions(primary, options, what),
    standbys.map((standby, i) => serverOptions(standby, options, `${own}replicas[${i}]`)),
  ]
  const home = url ? plan('url', url, replicas, '') : undefined
  const plans = Object.entries(shards?.map ?? {}).map(([name, shard]): [string, ClusterPlan] =>
    typeof shard === 'string'
      ? [name, plan(`shard ${name}`, shard, [])]
      : [name, plan(`shard ${name}`, shard.url, shard.replicas ?? [])],
  )
  const open = ([primary, standbys]: ClusterPlan): Cluster => new Cluster(primary, standbys, options.maxLagMs ?? 1000)
  return new Shards(home && open(home), new Map(plans.map(([name, of]) => [name, open(of)])), shards)
}

type ClusterPlan = readonly [primary: ServerOptions, standbys: readonly ServerOptions[]]

function serverOptions(url: string, options: DatabaseOptions, what: string): ServerOptions {
  const { acquireTimeoutMs = 3000 } = options
  return {
    settings: settingsOf(url, what),
    lanes: options.lanes ?? defaultLanes,
    max: options.pool ?? defaultPool,
    acquireTimeoutMs,
    connectTimeoutMs: acquireTimeoutMs,
    idleTimeoutMs: options.idleTimeoutMs ?? 60_000,
    maxLifetimeMs: options.maxLifetimeMs ?? 1_800_000,
    statementTimeoutMs: options.statementTimeoutMs ?? 30_000,
    applicationName: options.applicationName ?? 'tricube',
    preparedStatements: options.preparedStatements ?? 500,
    checkSessions: options.checkSessions ?? process.env['NODE_ENV'] !== 'production',
    types: new Types(options.types),
  }
}

function settingsOf(url: string, what: string): ConnectionSettings {
  try {
    return connectionSettings(url)
  } catch (error) {
    throw new TypeError(`database ${what}: ${(error as Error).message}`, { cause: error })
  }
}
