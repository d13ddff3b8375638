/** One running copy of a service. */
export interface Instance {
  /** Unique among the copies of its service. */
  readonly id: string
  /** Name of the service: its contract's. */
  readonly service: string
  /** Where it is reached. Registered as `0.0.0.0` or `::`: at this machine's address, which the registry finds out. */
  readonly address: string
  readonly port: number
  /** Whether it speaks HTTPS. Default: false. */
  readonly secure?: boolean
  /** The name in its certificate when that is neither its address nor its service. */
  readonly serverName?: string
  readonly region?: string
  readonly zone?: string
  readonly version?: string
  /** Share of the traffic relative to the others. Default 1. */
  readonly weight?: number
  readonly meta?: Readonly<Record<string, string>>
}

/** Where services find each other. */
export interface Registry {
  /**
   * Makes an instance known for as long as `ready` says yes; resolves to what takes it out again.
   *
   * A registry that cannot be reached is no reason to fail: it is told as soon as it can be.
   */
  register(instance: Instance, ready?: () => Promise<boolean>): Promise<() => Promise<void>>
  /** Tells the instances of a service, at once when they are known and at each change; returns what ends it. */
  watch(service: string, onChange: (instances: readonly Instance[]) => void): () => void
}
