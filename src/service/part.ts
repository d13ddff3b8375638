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
import type { Span } from '../trace/span.ts'
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
  /** Opens another part first; resolves to what that part has opened. */
  readonly use: <Out extends object>(part: Part<{}, {}, Out>) => Promise<Out>
  /** Calls `fn` when the service listens, before `listen` resolves. A throw stops the start. */
  readonly whenListening: (fn: (at: Listening) => void | Promise<void>) => void
}

/** Where a service listens; undefined for a socket in the file system. */
export type Listening = { readonly address: string; readonly port: number } | undefined

/** The request that a value is made for. */
export interface RequestScope extends SpanContext, Caller {
  readonly operation: string
  readonly request: FastifyRequest
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
