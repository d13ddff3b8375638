import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Caller, KeyedCaller } from '../client/call/call.ts'
import type { Fields } from '../config/rule.ts'
import type { Settings } from '../config/setting.ts'
import type { Contract } from '../contract/contract.ts'
import type { HeadersOf, Operation } from '../contract/operation.ts'
import type { InFlight } from '../http/inFlight/inFlight.ts'
import type { LateLog } from '../log/late.ts'
import type { Cancellation } from '../resilience/cancellation.ts'
import type { Deadline } from '../time/deadline.ts'
import type { Database } from '../sql/index.ts'
import type { Room, TableVersion } from '../tables/room.ts'
import type { SpanContext } from '../trace/ambient.ts'
import type { SpanTemplate } from '../trace/spanTemplate.ts'
import type { Span, SpanLink } from '../trace/span.ts'
import type { Checks, Readiness } from './lifecycle/readiness.ts'

/**
 * A capability of a service with a lifecycle. The application knows parts by this interface alone.
 *
 * To add one, write a file that exports a part, and a line in `parts.ts`.
 */
export interface Part<Options extends object = {}, Config extends object = {}, Out extends object = Opened> {
  /** Its name in messages. On the context its value has the name from `parts.ts`. */
  readonly name: string
  /** The options of `service(contract, { … })` that it reads. Anything else is rejected when the service is defined. */
  readonly options?: Fields<Options>
  /** What it reads from the configuration. The docs and `tricube config` are written from this. */
  readonly settings?: Settings<Config>
  /** Its tables in the schema `tricube` of each of the service's databases. They exist before it opens. */
  readonly tables?: readonly TableVersion[]
  /** Whether a service with these options needs the tables. Default: every service does. */
  needsTables?(options: Options & { readonly contract: Contract }): boolean
  /** Opens it, after the parts that it uses. If it throws, the start fails and all opened parts are closed. */
  open(host: Host<Config>, options: Options): (Out & Opened) | Promise<Out & Opened>
}

/** An open part. Every member is optional. */
export interface Opened<Value = unknown> {
  /** Creates its value on the context, when a handler first reads it. */
  forRequest?(scope: RequestScope): Value
  /** Rejects while the service cannot do its work. Called by `/health/ready`. */
  isReady?(): Promise<void>
  /** More checks, under the names that `/health/ready` shows. */
  readonly checks?: Checks
  /** Stops taking new work, since the service is about to stop. */
  stopTaking?(): void | Promise<void>
  /** Waits for the work that has begun. */
  finish?(): void | Promise<void>
  /** Closes its resources. Called once, after the parts that use it have closed. */
  close?(): void | Promise<void>
}

/** What a part may use. */
export interface Host<Config extends object = {}> {
  readonly contract: Contract
  /** The values of its settings. */
  readonly config: Config
  readonly log: LateLog
  readonly fastify: FastifyInstance
  readonly inFlight: InFlight
  /** The tables of all parts that the service needs. */
  readonly tables: readonly Room[]
  /** Whether this process is serving and every part is ready. */
  readonly readiness: () => Promise<Readiness>
  /** Runs work outside requests, such as a job. Use it once the service has started. */
  readonly work: Work
  /** Opens another part first, and resolves to it. */
  readonly use: <Out extends object>(part: Part<{}, {}, Out>) => Promise<Out>
  /** Calls `fn` when the service listens, before `listen` resolves. If it throws, the start fails. */
  readonly whenListening: (fn: (at: Listening) => void | Promise<void>) => void
}

/** Where a service listens; undefined for a socket in the file system. */
export type Listening = { readonly address: string; readonly port: number } | undefined

/** The background work of a service. The drain waits for it, and cancels and names what does not finish. */
export interface Work {
  /**
   * Runs `fn` with its own context: the values of all parts, under its own span and deadline. Resolves to the result of
   * `fn`, even after the deadline, which ends only the statements and calls of the context.
   */
  run<Result>(options: WorkOptions, fn: (context: RequestScope) => Result | Promise<Result>): Promise<Result>
  /** Tracks a promise until it settles; logs it when it rejects. */
  until(name: string, promise: PromiseLike<unknown>): void
  /** The running work, the oldest first. `startedAt` is in milliseconds of `performance.now()`. */
  running(): Iterable<{ readonly name: string; readonly startedAt: number }>
  /** Resolves when nothing is running. */
  idle(): Promise<void>
  /** Cancels everything that is running. */
  cancel(reason: Error): void
}

/** Options of background work. */
export interface WorkOptions {
  /** The template of its span. Its name is also the name in the log, and `ctx.operation`. */
  readonly template: SpanTemplate
  /** Its deadline, in milliseconds from now. Default: none. */
  readonly timeoutMs?: number | undefined
  /** Cancels it. */
  readonly signal?: AbortSignal | undefined
  /** Headers of its message. The work continues their trace, and passes on their request ID and baggage. */
  readonly headers?: IncomingHttpHeaders | undefined
  readonly links?: readonly SpanLink[] | undefined
  /** More members of the context, such as the message. */
  readonly values?: Readonly<Record<string, unknown>> | undefined
}

/** The request or background work that a context value is created for. */
export interface RequestScope extends SpanContext, Caller {
  /** The name of the operation, or of the work. */
  readonly operation: string
  /** Undefined for work without a request. */
  readonly request: FastifyRequest | undefined
  readonly params: {}
  readonly query: {}
  readonly headers: HeadersOf<Operation>
  readonly body: unknown
  readonly span: Span
  /** Aborts when the caller hangs up or the deadline passes. */
  readonly signal: AbortSignal
  readonly cancellation: Cancellation
  readonly deadline: Deadline
  /** From the header `x-region`. */
  readonly region: string | undefined
  /** Set when the request is handled once for its key. */
  readonly keyed: Keyed | undefined
}

/** The state of a request that is handled once for its key. */
export interface Keyed extends KeyedCaller {
  readonly idempotencyKey: string
  readonly db: Database
}

/** The options that a part reads. */
export type OptionsOf<P> = P extends Part<infer Options, infer _Config, infer _Out> ? Options : never
/** The configuration that a part reads. */
export type ConfigOf<P> = P extends Part<infer _Options, infer Config, infer _Out> ? Config : never
/** The value of a part on the context. */
export type ValueOf<P> =
  P extends Part<infer _Options, infer _Config, infer Out>
    ? Out extends { forRequest(scope: RequestScope): infer Value }
      ? Value
      : never
    : never

/** The intersection of the members of a union. */
export type Intersection<Union> = (Union extends unknown ? (one: Union) => void : never) extends (
  all: infer All,
) => void
  ? All
  : never
