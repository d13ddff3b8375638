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
import type { SpanShape } from '../trace/shape.ts'
import type { Span, SpanLink } from '../trace/span.ts'
import type { Checks, Readiness } from './lifecycle/readiness.ts'

/**
 * A capability of a service with a lifecycle. The application knows all of them by this interface alone.
 *
 * To add one, write a file that exports a part, and a line in `parts.ts`.
 */
export interface Part<Options extends object = {}, Config extends object = {}, Out extends object = Opened> {
  /** Its name in messages. Its value on the context has the name that it has in `parts.ts`. */
  readonly name: string
  /** The options of `service(contract, { … })` that it reads. Anything else is rejected when the service is defined. */
  readonly options?: Fields<Options>
  /** What it reads from the configuration. The docs and `tricube config` are made from this. */
  readonly settings?: Settings<Config>
  /** Its tables in the schema `tricube` of each of the service's databases: there before it is opened. */
  readonly tables?: readonly TableVersion[]
  /** Whether a service with these options needs the tables. Default: every service does. */
  needsTables?(options: Options & { readonly contract: Contract }): boolean
  /** Opens it, after the parts that it uses. A throw stops the start and closes what was opened before. */
  open(host: Host<Config>, options: Options): (Out & Opened) | Promise<Out & Opened>
}

/** A part that has been opened. Every member is optional. */
export interface Opened<Value = unknown> {
  /** Its value on the context, made when a handler first reads it. */
  forRequest?(scope: RequestScope): Value
  /** Rejects while the service cannot do its work; asked by `/health/ready`. */
  isReady?(): Promise<void>
  /** Other things that readiness depends on, under the names that `/health/ready` shows. */
  readonly checks?: Checks
  /** The service is about to stop: takes no new work. */
  stopTaking?(): void | Promise<void>
  /** Waits for the work that has begun. */
  finish?(): void | Promise<void>
  /** Closes what it holds. Called once, after the parts that use it. */
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
  /** Runs what belongs to no request, such as a job. Call it when the service has started. */
  readonly work: Work
  /** Opens another part first; resolves to what that part has opened. */
  readonly use: <Out extends object>(part: Part<{}, {}, Out>) => Promise<Out>
  /** Calls `fn` when the service listens, before `listen` resolves. A throw stops the start. */
  readonly whenListening: (fn: (at: Listening) => void | Promise<void>) => void
}

/** Where a service listens; undefined for a socket in the file system. */
export type Listening = { readonly address: string; readonly port: number } | undefined

/** What runs in a service besides its requests. The drain waits for it, names what does not finish, and cancels that. */
export interface Work {
  /**
   * Runs `fn` with a context of its own: the values of all parts, under its own span and deadline. Resolves to what `fn`
   * returns, however late that is: the deadline only ends the statements and calls of the context.
   */
  run<Result>(options: WorkOptions, fn: (context: RequestScope) => Result | Promise<Result>): Promise<Result>
  /** Tracks a promise until it settles; logs it when it rejects. */
  until(name: string, promise: PromiseLike<unknown>): void
  /** What is running, the oldest first; `startedAt` is as `performance.now()` counts. */
  running(): Iterable<{ readonly name: string; readonly startedAt: number }>
  /** Resolves when nothing is running. */
  idle(): Promise<void>
  /** Cancels everything that is running. */
  cancel(reason: Error): void
}

/** What a piece of work begins with. */
export interface WorkOptions {
  /** Of its span. The shape's name is its name in the log, and `ctx.operation`. */
  readonly shape: SpanShape
  /** Its deadline, in milliseconds from now. Default: none. */
  readonly timeoutMs?: number | undefined
  /** Cancels it. */
  readonly signal?: AbortSignal | undefined
  /** Headers of the message that it is about: their trace is continued, their request id and baggage are passed on. */
  readonly headers?: IncomingHttpHeaders | undefined
  readonly links?: readonly SpanLink[] | undefined
  /** More members of the context, such as the message. */
  readonly values?: Readonly<Record<string, unknown>> | undefined
}

/** The request, or the work outside of requests, that a value is made for. */
export interface RequestScope extends SpanContext, Caller {
  /** The name of the operation, or of the work. */
  readonly operation: string
  /** Undefined for work that no request has begun. */
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
  /** What it has, when it is handled once for its key. */
  readonly keyed: Keyed | undefined
}

/** What a request has that is handled once for its key. */
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

/** What has the members of all of a union. */
export type Intersection<Union> = (Union extends unknown ? (one: Union) => void : never) extends (
  all: infer All,
) => void
  ? All
  : never
