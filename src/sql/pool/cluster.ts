import type { DatabaseStats } from '../api/stats.ts'
import { Listener } from './listener.ts'
import { LagMonitor, Replica } from './replica.ts'
import { Server, type ServerOptions } from './server.ts'
import type { Route, Statement } from '../statement/statement.ts'

/** A primary and its replicas. */
export class Cluster implements Route {
  readonly primary: Server
  readonly listener: Listener
  readonly #replicas: readonly Replica[]
  readonly #maxLagMs: number
  readonly #monitor: LagMonitor | undefined

  constructor(primary: ServerOptions, replicas: readonly ServerOptions[], maxLagMs: number) {
    this.primary = new Server(primary)
    this.listener = new Listener(this.primary.open)
    this.#replicas = replicas.map((options) => new Replica(new Server(options)))
    this.#maxLagMs = maxLagMs
    this.#monitor = replicas.length > 0 ? new LagMonitor(this.primary, this.#replicas, maxLagMs) : undefined
  }

  get hasReplicas(): boolean {
    return this.#monitor !== undefined
  }

  /** Sends a read to the replica with the least load, everything else to the primary. */
  send(statement: Statement): void {
    this.#serverFor(statement).send(statement)
  }

  stats(): DatabaseStats {
    return {
      ...this.primary.stats(),
      replicas: this.#replicas.map((replica) => ({
        ...replica.server.stats(),
        lagMs: replica.lagMs,
        isUsed: this.#isUsable(replica),
      })),
    }
  }

  async close(): Promise<void> {
    this.#monitor?.stop()
    await Promise.all([
      this.listener.close(),
      this.primary.close(),
      ...this.#replicas.map(({ server }) => server.close()),
    ])
  }

  #serverFor(statement: Statement): Server {
    if (!this.#monitor) return this.primary
    const { context } = statement
    if (!statement.reads) {
      if (context.session) context.session.hasWritten = true
      return this.primary
    }
    if (statement.needsPrimary) {
      // A replica may have rejected it because it writes after all.
      if (context.session) context.session.hasWritten = true
      return this.primary
    }
    if (context.usesPrimary || context.session?.hasWritten) return this.primary
    let best: Server | undefined
    for (const replica of this.#replicas) {
      if (this.#isUsable(replica) && !(best && best.load <= replica.server.load)) best = replica.server
    }
    return best ?? this.primary
  }

  #isUsable(replica: Replica): boolean {
    return replica.lagMs <= this.#maxLagMs && replica.server.isConnected
  }
}
