/** The state of the connections to one server. */
export interface ServerStats {
  readonly lanes: readonly { readonly connected: boolean; readonly inFlight: number }[]
  readonly pool: { readonly size: number; readonly idle: number; readonly waiting: number }
  /** Statements that wait until a lane has connected. */
  readonly waiting: number
}

/** The state of the connections to a replica. */
export interface ReplicaStats extends ServerStats {
  /** Replication lag in milliseconds; Infinity when it is unknown or the replica is unreachable. */
  readonly lagMs: number
  /** Whether it gets reads. */
  readonly isUsed: boolean
}

/** The state of a database's connections. */
export interface DatabaseStats extends ServerStats {
  readonly replicas: readonly ReplicaStats[]
}
