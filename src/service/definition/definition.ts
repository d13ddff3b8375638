import type { CalleeOptions, ClientOptions } from '../../client/types.ts'
import type { OwnSettings, OwnValues } from '../../config/own.ts'
import type { Contract } from '../../contract/contract.ts'
import type { Operations, OutputOf } from '../../contract/operation.ts'
import type { ContractEvents } from '../../contract/event.ts'
import type { Jobs } from '../../contract/job.ts'
import type { ServerLimits } from '../../http/limits.ts'
import type { Hooks } from './hooks.ts'
import type { AnyAroundOptions, AroundOptions } from '../request/around.ts'
import type { Context, WorkContext } from '../request/context.ts'
import type { Intersection, OptionsOf } from '../part.ts'
import type * as parts from '../parts.ts'
import type { Callees } from '../parts/calls.ts'
import type { AuthOptions } from '../parts/auth/options.ts'
import type { HealthOptions } from '../parts/health/health.ts'
import type { RateLimitKeys, RateLimitOptions } from '../parts/rateLimits/options.ts'
import type { Resources, ResourceValues } from './resource.ts'
import type { SubscriptionsTo } from '../background/eventContext.ts'
import type { JobHandlers } from '../background/jobContext.ts'

/** One function for each operation of the contract. */
export type Handlers<Ops extends Operations, Others extends Callees, Own = unknown> = {
  readonly [Name in keyof Ops]: (
    context: Context<Ops[Name], Others> & Own,
  ) => OutputOf<Ops[Name]> | Promise<OutputOf<Ops[Name]>>
}

/** Functions that decide whether a caller may do what it asks for. They run once the input is checked. */
export type Policies<Ops extends Operations, Others extends Callees, Own = unknown> = {
  readonly [Name in keyof Ops]?: (context: Context<Ops[Name], Others> & Own) => boolean | Promise<boolean>
}

/** What a service adds to the context: its resources and settings. */
export type OwnOf<ResourceMap extends Resources, Values extends OwnSettings> = ResourceValues<ResourceMap> & {
  readonly settings: OwnValues<Values>
}

/** The options of every part. */
// oxlint-disable-next-line typescript/no-generated-empty-object-type -- parts without any are in the union
type PartOptions = Intersection<OptionsOf<(typeof parts)[keyof typeof parts]>>

/** Options of a service. */
export interface ServiceOptions<
  Ops extends Operations = Operations,
  Others extends Callees = Callees,
  ResourceMap extends Resources = Resources,
  Values extends OwnSettings = OwnSettings,
  JobMap extends Jobs = Jobs,
  EventMap extends ContractEvents = ContractEvents,
>
  extends
    Omit<OwnOptions, 'hooks'>,
    AroundOptions<Ops, Others, OwnOf<ResourceMap, Values>>,
    Omit<
      PartOptions,
      | 'auth'
      | 'policies'
      | 'jobs'
      | 'jobHandlers'
      | 'subscriptions'
      | 'clients'
      | 'calls'
      | 'health'
      | 'rateLimits'
      | 'settings'
    > {
  /** One function for each operation. */
  readonly handlers: Handlers<Ops, Others, OwnOf<ResourceMap, Values>>
  /** How it identifies its callers. Needed when its contract has an `auth` other than `public`. */
  readonly auth?: AuthOptions
  /** Whether a caller may do what it asks for: a function for each operation that needs one. `false` is a 403. */
  readonly policies?: Policies<Ops, Others, OwnOf<ResourceMap, Values>>
  /** Hooks that run when it starts and stops. */
  readonly hooks?: Hooks<WorkContext<Others> & OwnOf<ResourceMap, Values>>
  /** Resources with a lifecycle, such as a client or a pool, under their names on the context. */
  readonly resources?: ResourceMap
  /** Settings of your own: a schema for each. `pspUrl` is read from `PSP_URL`. */
  readonly settings?: Values
  /** Contracts of the services that it calls, under the names that its handlers use. */
  readonly clients?: Others
  /** Options of these calls, under the same names. Default: see `ClientOptions`. */
  readonly calls?: {
    readonly [Name in keyof Others]?: ClientOptions<Others[Name]> & CalleeOptions<OwnValues<Values>>
  }
  /** The jobs that it can enqueue and run, declared by `jobs`. */
  readonly jobs?: JobMap
  /** One function for each of its jobs. */
  readonly jobHandlers?: JobHandlers<JobMap, Others, OwnOf<ResourceMap, Values>>
  /** Subscriptions to events of other services: an event and a handler under each name. */
  readonly subscriptions?: SubscriptionsTo<EventMap, Others, OwnOf<ResourceMap, Values>>
  /** What the health checks show, and your own checks. */
  readonly health?: HealthOptions<OwnValues<Values>>
  /** Where requests of operations with a `rateLimit` are counted, and by which keys. */
  readonly rateLimits?: RateLimitOptions<RateLimitKeys<Ops>>
}

/** The options of the server itself. */
export interface OwnOptions {
  readonly hooks?: Hooks
  /** The port, unless the configuration sets one. Default: a free port. */
  readonly port?: number
  readonly limits?: ServerLimits
  /**
   * True for a service that the internet reaches. Deadline, attempt and request ID of callers are ignored, and their
   * trace becomes a link of a new one. Default: false.
   */
  readonly edge?: boolean
  /**
   * Proxies whose `x-forwarded-*` headers are trusted: addresses and subnets, for example `10.0.0.0/8`. Default: none.
   */
  readonly trustProxy?: string | readonly string[]
}

/** A contract with the options of its service. */
export interface Definition<Implemented extends Contract = Contract> extends OwnOptions, PartOptions, AnyAroundOptions {
  readonly contract: Implemented
  readonly resources?: Resources
  readonly handlers: Readonly<Record<string, (context: never) => unknown>>
}
