/** A running instance of a service. */
export interface Instance {
  /** Unique among the instances of the service. */
  readonly id: string
  /** The service's name, from its contract. */
  readonly service: string
  /** Its address. For `0.0.0.0` or `::`, the registry finds out and registers this machine's address. */
  readonly address: string
  readonly port: number
  /** Whether it serves HTTPS. Default false. */
  readonly secure?: boolean
  /** The name in its certificate, if that is neither its address nor its service. */
  readonly serverName?: string
  readonly region?: string
  readonly zone?: string
  readonly version?: string
  /** Its share of the traffic, relative to the other instances. Default 1. */
  readonly weight?: number
  readonly meta?: Readonly<Record<string, string>>
}

/** A registry in which services find each other. */
export interface Registry {
  /**
   * Registers an instance while `ready` resolves to true; resolves to the function that deregisters it.
   *
   * It does not fail when the registry is down: the instance is registered as soon as the registry is back.
   */
  register(instance: Instance, ready?: () => Promise<boolean>): Promise<() => Promise<void>>
  /**
   * Calls `onChange` with the instances of a service as soon as they are known and at each change.
   * Returns the function that stops it.
   */
  watch(service: string, onChange: (instances: readonly Instance[]) => void): () => void
}
