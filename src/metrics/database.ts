import type { Metrics } from './metrics.ts'

/** The state of the connections to one database server. */
export interface ConnectionStats {
  readonly lanes: readonly { readonly connected: boolean; readonly inFlight: number }[]
  readonly pool: { readonly size: number; readonly idle: number; readonly waiting: number }
  /** Statements that wait for a lane to connect. */
  readonly waiting: number
  /** The replication lag of a replica in milliseconds. */
  readonly lagMs?: number
}

/** Reads the state of a database's connections at each scrape; `stats` returns each server with its name. */
export function watchDatabase(
  metrics: Metrics,
  stats: () => Iterable<readonly [server: string, ConnectionStats]>,
): void {
  const pool = metrics.gauge('db_client_connections', {
    help: 'Connections of the pool, by server and state: in use or idle.',
    labels: ['server', 'state'],
  })
  const poolWaiting = metrics.gauge('db_client_pending_requests', {
    help: 'Requests that wait for a connection of the pool.',
    labels: ['server'],
  })
  const lanes = metrics.gauge('db_client_lanes', {
    help: 'Pipelined connections, by server and state: up or down.',
    labels: ['server', 'state'],
  })
  const statements = metrics.gauge('db_client_lane_statements', {
    help: 'Statements in flight on pipelined connections.',
    labels: ['server'],
  })
  const waiting = metrics.gauge('db_client_lane_waiting', {
    help: 'Statements that wait for a pipelined connection.',
    labels: ['server'],
  })
  const lag = metrics.gauge('db_client_replica_lag_seconds', {
    help: 'Replication lag of a replica, in seconds.',
    labels: ['server'],
    aggregator: 'max',
  })
  metrics.onScrape(() => {
    for (const [server, now] of stats()) {
      const up = now.lanes.filter(({ connected }) => connected).length
      pool.labels({ server, state: 'used' }).set(now.pool.size - now.pool.idle)
      pool.labels({ server, state: 'idle' }).set(now.pool.idle)
      poolWaiting.labels({ server }).set(now.pool.waiting)
      lanes.labels({ server, state: 'up' }).set(up)
      lanes.labels({ server, state: 'down' }).set(now.lanes.length - up)
      statements.labels({ server }).set(now.lanes.reduce((sum, { inFlight }) => sum + inFlight, 0))
      waiting.labels({ server }).set(now.waiting)
      if (now.lagMs !== undefined) lag.labels({ server }).set(now.lagMs / 1000)
    }
  })
}
