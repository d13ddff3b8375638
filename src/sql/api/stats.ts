/** What is going on with a server's connections. */
export interface ServerStats {
  readonly lanes: readonly { readonly connected: boolean; readonly inFlight: number }[]
  readonly pool: { readonly size: number; readonly idle: number; readonly waiting: number }
  /** Statements that wait for a lane to connect. */
  readonly waiting: number
}

/** What a replica's connections do now. */
export interface ReplicaStats extends ServerStats {
  /** How far it is behind the primary, in milliseconds; Infinity: not known, or unreachable. */
  readonly lagMs: number
  /** Whether reads go to it. */
  readonly isUsed: boolean
}

/** What a database's connections do now. */
export interface DatabaseStats extends ServerStats {
  readonly replicas: readonly ReplicaStats[]
}
