import { pick } from '../../config/hide.ts'
import type { OwnSettings, OwnValues } from '../../config/own.ts'
import { settingsOf } from '../../config/own.ts'
import type { LateLog } from '../../log/late.ts'
import { healthCheck } from '../lifecycle/healthCheck.ts'
import type { Opened, Part, RequestScope } from '../part.ts'

/** The argument of a resource's `open`. */
export interface ResourceHost<Own extends OwnSettings = {}> {
  /** The name of the service. */
  readonly service: string
  /** The values of its own settings. */
  readonly settings: OwnValues<Own>
  readonly log: LateLog
  /** Opens another resource of the service first, and resolves to the result of its `open`. */
  readonly use: <Value>(other: Resource<Value, unknown>) => Promise<Value>
}

/** Your own resource with a lifecycle, such as a client or a pool. */
export interface ResourceOptions<Value, PerRequest, Own extends OwnSettings> {
  /** Its settings: a schema for each. `redisUrl` is read from `REDIS_URL`. */
  readonly settings?: Own
  /** Opens it, once per process. If it throws, the start fails and all opened resources are closed. */
  open(host: ResourceHost<Own>): Value | Promise<Value>
  /** Returns the value on a request's context, when a handler first reads it. Default: the result of `open`. */
  forRequest?(value: Value, scope: RequestScope): PerRequest
  /** Rejects while it cannot be used. Called by `/health/ready`, which waits 800 ms, until `signal` aborts. */
  isReady?(value: Value, signal: AbortSignal): Promise<unknown>
  /** Closes it when the service stops, after the resources that use it. */
  close?(value: Value): unknown
}

/** A resource, as {@link resource} returns it. The service that has it gives it a name. */
export class Resource<Value = unknown, PerRequest = Value> {
  /** Its definition. */
  readonly options: ResourceOptions<Value, PerRequest, OwnSettings>
  /** The resource that it replaces in a test. */
  readonly real: object

  constructor(options: ResourceOptions<Value, PerRequest, OwnSettings>, real?: object) {
    this.options = options
    this.real = real ?? this
  }
}

/** The resources of a service, under the names that they have on the context. */
export type Resources = Readonly<Record<string, Resource<unknown, unknown>>>

/** The context values of resources. */
export type ResourceValues<Own extends Resources> = {
  readonly [Name in keyof Own]: Own[Name] extends Resource<infer _Value, infer PerRequest> ? PerRequest : never
}

/**
 * Declares a resource of a service. It is opened once per process, is on the context of each request, and is closed
 * when the service stops.
 *
 * @example
 * const redis = resource({
 *   settings: { redisUrl: t.String({ format: 'uri' }) },
 *   open: ({ settings }) => createClient({ url: settings.redisUrl }).connect(),
 *   isReady: (client) => client.ping(),
 *   close: (client) => client.close(),
 * })
 * export default service(cartService, {
 *   resources: { redis },
 *   handlers: { getCart: ({ params, redis }) => redis.get(params.id) },
 * })
 */
export function resource<Value, PerRequest = Value, const Own extends OwnSettings = {}>(
  options: ResourceOptions<Value, PerRequest, Own>,
): Resource<Value, PerRequest> {
  return new Resource<Value, PerRequest>(options)
}

/** An open resource. */
interface OpenedResource extends Opened {
  readonly value: unknown
}

/** The part of a resource. */
export type ResourcePart = Part<{}, object, OpenedResource>

/** Returns the parts of a service's resources, under their names. */
export function resourceParts(resources: Resources): Readonly<Record<string, ResourcePart>> {
  const known = new Map<object, ResourcePart>()
  const entries = Object.entries(resources).map(([name, one]) => {
    const part = partOf(name, one.options, (other) => {
      const found = known.get(other)
      if (!found) throw new TypeError(`it uses a resource that is not among the service's resources`)
      return found
    })
    known.set(one.real, part)
    return [name, part] as const
  })
  return Object.fromEntries(entries)
}

function partOf(
  name: string,
  options: ResourceOptions<unknown, unknown, OwnSettings>,
  partBehind: (other: Resource<unknown, unknown>) => ResourcePart,
): ResourcePart {
  const { settings: own = {} } = options
  return {
    name,
    settings: settingsOf(own),
    async open({ contract, config, log, use }) {
      const value = await options.open({
        service: contract.name,
        settings: pick(config, Object.keys(own)),
        log,
        use: async (other) => (await use(partBehind(other))).value as never,
      })
      return {
        value,
        forRequest: (scope) => (options.forRequest ? options.forRequest(value, scope) : value),
        ...(options.isReady && {
          isReady: healthCheck({ name, log, run: (signal) => options.isReady!(value, signal) }),
        }),
        async close() {
          await options.close?.(value)
        },
      }
    },
  }
}

/** Replaces a resource in a test with a value, on the context and for the resources that use it. */
export function fakeResource(real: Resource<unknown, unknown>, value: unknown): Resource<unknown, unknown> {
  return new Resource<unknown, unknown>({ open: () => value }, real)
}
