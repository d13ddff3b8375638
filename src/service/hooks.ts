import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import type { Contract } from '../contract/contract.ts'
import type { Logger } from '../log/logger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Database } from '../sql/index.ts'
import type { LiveConfig } from './config.ts'

/** What runs around a service's life: the place for its own pools and queues. */
export interface Hooks {
  /** Before it listens: open things, register Fastify plugins. A throw stops the start. */
  readonly beforeStart?: Hook
  /** It listens. */
  readonly afterStart?: Hook
  /** It is about to stop: requests are still answered. */
  readonly beforeStop?: Hook
  /** No request is left, the database is closed: close things. */
  readonly afterStop?: Hook
}

/** Gets the running application: its Fastify, database, log and configuration. */
export type Hook = (application: RunningApplication) => void | Promise<void>

/** A service that runs, as its hooks see it. */
export interface RunningApplication {
  readonly contract: Contract
  /** The real Fastify: any plugin of its works. */
  readonly fastify: FastifyInstance
  /** The configuration. */
  readonly config: LiveConfig
  readonly log: Logger
  /** Its metrics, answered at `/metrics`. */
  readonly metrics: Metrics
  /**
   * Aborts when the service has begun to stop and its callers are to go elsewhere: for what never ends by itself, such as a
   * stream of events or a websocket. Routes of your own find it as `request.draining`.
   */
  readonly draining: AbortSignal
  /** The service's database; undefined when it has none. */
  readonly db: Database | undefined
  /** Handles a request without a socket. */
  inject(request: InjectOptions | string): Promise<LightMyRequestResponse>
  /** Stops, once: finishes the requests in flight, then closes what it has opened. */
  close(): Promise<void>
}
