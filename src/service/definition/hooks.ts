import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import '../../http/fastify.ts'
import type { Contract } from '../../contract/contract.ts'
import type { Logger } from '../../log/logger.ts'
import type { Metrics } from '../../metrics/metrics.ts'
import type { Database } from '../../sql/index.ts'
import type { LiveConfig } from './config.ts'
import type { WorkContext } from '../request/context.ts'

/** Options of a function that runs outside requests. */
export interface RunOptions {
  /** The name of its span, and in its log lines. Default: the function's name, else `run`. */
  readonly name?: string
  /** Milliseconds until its statements and calls are cancelled. Default: none. */
  readonly timeoutMs?: number
  /** Cancels its statements and calls. */
  readonly signal?: AbortSignal
}

/** Hooks that run when a service starts and stops. */
export interface Hooks<Ctx = WorkContext> {
  /** Runs before the service listens: open connections, register Fastify plugins. If it throws, the start fails. */
  readonly beforeStart?: Hook<Ctx>
  /** Runs once the service listens. */
  readonly afterStart?: Hook<Ctx>
  /** Runs when the service is about to stop, and still handles requests. */
  readonly beforeStop?: Hook<Ctx>
  /** Runs when no request is left and the database is closed: close connections. */
  readonly afterStop?: Hook<Ctx>
}

/** A hook. It gets the running application: Fastify, the configuration, and a context. */
export type Hook<Ctx = WorkContext> = (application: RunningApplication<Ctx>) => void | Promise<void>

/** A running service, as its hooks see it. */
export interface RunningApplication<Ctx = WorkContext> {
  readonly contract: Contract
  /** The Fastify instance. All of its plugins work. */
  readonly fastify: FastifyInstance
  /** The configuration. */
  readonly config: LiveConfig
  readonly log: Logger
  /** Its metrics, served at `/metrics`. */
  readonly metrics: Metrics
  /**
   * Aborts when the service begins to stop. End what never ends by itself, such as a stream of events or a websocket.
   * Routes of your own find it as `request.draining`.
   */
  readonly draining: AbortSignal
  /**
   * The context of a handler without a request: under the hook's own span, without a deadline.
   *
   * @throws {TypeError} unless `beforeStart`, `afterStart` or `beforeStop` is running
   */
  readonly context: Ctx
  /** The service's database; undefined when it has none. */
  readonly db: Database | undefined
  /** Runs a function with its own context, such as for a timer. A stop waits for it. */
  run<Result>(fn: (context: Ctx) => Result | Promise<Result>, options?: RunOptions): Promise<Result>
  /** Handles a request without a socket. */
  inject(request: InjectOptions | string): Promise<LightMyRequestResponse>
  /** Stops, once: finishes the requests in flight, then closes what it has opened. */
  close(): Promise<void>
}
