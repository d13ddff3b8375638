import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import '../../http/fastify.ts'
import type { Contract } from '../../contract/contract.ts'
import type { Logger } from '../../log/logger.ts'
import type { Metrics } from '../../metrics/metrics.ts'
import type { Database } from '../../sql/index.ts'
import type { LiveConfig } from './config.ts'
import type { WorkContext } from '../request/context.ts'

/** How a function runs that belongs to no request. */
export interface RunOptions {
  /** Names its span and its lines of log. Default: the function's name, else `run`. */
  readonly name?: string
  /** Milliseconds until its statements and calls are cancelled. Default: none. */
  readonly timeoutMs?: number
  /** Cancels its statements and calls. */
  readonly signal?: AbortSignal
}

/** What runs around a service's life: the place for its own pools and queues. */
export interface Hooks<Ctx = WorkContext> {
  /** Before it listens: open things, register Fastify plugins. A throw stops the start. */
  readonly beforeStart?: Hook<Ctx>
  /** It listens. */
  readonly afterStart?: Hook<Ctx>
  /** It is about to stop: requests are still answered. */
  readonly beforeStop?: Hook<Ctx>
  /** No request is left, the database is closed: close things. */
  readonly afterStop?: Hook<Ctx>
}

/** Gets the running application: its Fastify, its configuration, and a context to work with. */
export type Hook<Ctx = WorkContext> = (application: RunningApplication<Ctx>) => void | Promise<void>

/** A service that runs, as its hooks see it. */
export interface RunningApplication<Ctx = WorkContext> {
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
  /**
   * What a handler gets, without a request: under a span of the hook's own, with no deadline.
   *
   * @throws {TypeError} unless `beforeStart`, `afterStart` or `beforeStop` is running
   */
  readonly context: Ctx
  /** The service's database; undefined when it has none. */
  readonly db: Database | undefined
  /** Runs a function with a context of its own, such as for a timer or a job; a stop waits for it. */
  run<Result>(fn: (context: Ctx) => Result | Promise<Result>, options?: RunOptions): Promise<Result>
  /** Handles a request without a socket. */
  inject(request: InjectOptions | string): Promise<LightMyRequestResponse>
  /** Stops, once: finishes the requests in flight, then closes what it has opened. */
  close(): Promise<void>
}
