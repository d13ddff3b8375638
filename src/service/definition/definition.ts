import type { ClientOptions } from '../../client/types.ts'
import type { OwnSettings, OwnValues } from '../../config/own.ts'
import { fieldsProblem, type Fields, type Rule } from '../../config/rule.ts'
import { flag, func, group, number, record, integer } from '../../config/rules.ts'
import type { Contract } from '../../contract/contract.ts'
import type { Operations, OutputOf } from '../../contract/operation.ts'
import type { ContractEvents } from '../../contract/event.ts'
import type { Jobs } from '../../contract/job.ts'
import type { ServerLimits } from '../../http/limits.ts'
import { trustProxyProblem } from '../../http/trustProxy.ts'
import type { Hooks } from './hooks.ts'
import { aroundRules, type AnyAroundOptions, type AroundOptions } from '../request/around.ts'
import type { Context, WorkContext } from '../request/context.ts'
import type { Intersection, OptionsOf, Part } from '../part.ts'
import * as parts from '../parts.ts'
import type { Callees } from '../parts/calls.ts'
import type { HealthOptions } from '../parts/health/health.ts'
import type { RateLimitKeys, RateLimitOptions } from '../parts/rateLimits/options.ts'
import { Resource, type Resources, type ResourceValues } from './resource.ts'
import type { SubscriptionsTo } from '../background/eventContext.ts'
import type { JobHandlers } from '../background/jobContext.ts'

/** One function for each operation of the contract. */
export type Handlers<Ops extends Operations, Others extends Callees, Own = unknown> = {
  readonly [Name in keyof Ops]: (
    context: Context<Ops[Name], Others> & Own,
  ) => OutputOf<Ops[Name]> | Promise<OutputOf<Ops[Name]>>
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
      'jobs' | 'jobHandlers' | 'subscriptions' | 'clients' | 'calls' | 'health' | 'rateLimits' | 'settings'
    > {
  /** One function for each operation. */
  readonly handlers: Handlers<Ops, Others, OwnOf<ResourceMap, Values>>
  /** Hooks that run when it starts and stops. */
  readonly hooks?: Hooks<WorkContext<Others> & OwnOf<ResourceMap, Values>>
  /** Resources with a lifecycle, such as a client or a pool, under their names on the context. */
  readonly resources?: ResourceMap
  /** Settings of your own: a schema for each. `pspUrl` is read from `PSP_URL`. */
  readonly settings?: Values
  /** Contracts of the services that it calls, under the names that its handlers use. */
  readonly clients?: Others
  /** Options of these calls, under the same names. Default: see `ClientOptions`. */
  readonly calls?: { readonly [Name in keyof Others]?: ClientOptions<Others[Name]> }
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

/** Thrown when a service is defined wrongly. The message is one line with the service and the fault. */
class DefinitionError extends TypeError {
  override readonly name: string = 'DefinitionError'
}

/**
 * Checks a definition: one handler for each operation and no others, and only known options with valid values.
 *
 * @throws {DefinitionError} one line naming the option, what was expected and what was given
 */
export function checkDefinition(definition: Definition): void {
  const { contract, ...given } = definition
  const problem = handlersProblem(definition) ?? fieldsProblem('', given, fields, definition)
  if (problem) throw new DefinitionError(`${contract.name}: ${problem}`)
}

function handlersProblem({ contract, handlers }: Definition): string | undefined {
  const missing = Object.keys(contract.operations).find((name) => typeof handlers[name] !== 'function')
  if (missing) return `no handler for ${missing}`
  const superfluous = Object.keys(handlers).find((name) => !Object.hasOwn(contract.operations, name))
  return superfluous && `handler ${superfluous} belongs to no operation`
}

/** Members of a context that are not values of parts. */
const reservedNames: ReadonlySet<string> = new Set([
  'params',
  'query',
  'headers',
  'body',
  'request',
  'operation',
  'span',
  'signal',
  'deadline',
  'region',
  'cancellation',
  'keyed',
  'idempotencyKey',
  'withSpan',
  'propagate',
  'received',
  'expire',
  'detached',
  'waitUntil',
  'handled',
  'workTracker',
  'forgetMade',
  'input',
  'id',
  'attempt',
  'event',
  'eventId',
  'publishedAt',
  'due',
])

const bytes = integer({ min: 1, unit: 'bytes' })
const ms = number({ unit: 'ms' })

const ownFields: Fields<OwnOptions & AnyAroundOptions & Pick<Definition, 'handlers' | 'resources'>> = {
  ...aroundRules,
  resources: resourcesRule(),
  handlers: record('a function for each operation', func),
  hooks: group<Hooks>({ beforeStart: func, afterStart: func, beforeStop: func, afterStop: func }),
  port: integer({ max: 65_535 }),
  limits: group<ServerLimits>({
    bodyLimit: bytes,
    headersLimit: bytes,
    headerCountLimit: integer({ min: 1 }),
    urlLimit: bytes,
    queryLimit: integer({ min: 1 }),
    requestTimeoutMs: ms,
    headersTimeoutMs: ms,
    readTimeoutMs: ms,
    keepAliveTimeoutMs: ms,
  }),
  edge: flag,
  trustProxy: {
    expected: 'addresses and subnets of proxies, such as 10.0.0.0/8',
    accepts: () => true,
    problem: (given: unknown) => (given === undefined ? undefined : trustProxyProblem(given)),
  },
}

const fields: Fields = {
  ...ownFields,
  ...Object.fromEntries(
    Object.values<Part>(parts as never).flatMap(({ options = {} }): [string, Rule][] => Object.entries(options)),
  ),
}

/** `resources`: what {@link resource} has made, under names that nothing else on the context has. */
function resourcesRule(): Rule {
  return {
    ...record('resources by name'),
    problem(resources: Readonly<Record<string, unknown>> | undefined, path) {
      for (const [name, one] of Object.entries(resources ?? {})) {
        if (!(one instanceof Resource)) return `${path}.${name}: expected resource({ open, … })`
        if (reservedNames.has(name) || name in parts)
          return `${path}.${name}: the context already has a ${name} already, name it otherwise`
      }
      return undefined
    },
  }
}
