import type { ClientOptions } from '../client/types.ts'
import type { Contract } from '../contract/contract.ts'
import type { Operations, OutputOf } from '../contract/operation.ts'
import type { CorsOptions } from '../http/cors.ts'
import type { ServerLimits } from '../http/limits.ts'
import type { TlsOptions } from '../http/tls.ts'
import type { DatabaseOptions } from '../sql/index.ts'
import type { AdmissionOptions } from './admission.ts'
import type { Application } from './application.ts'
import type { Config } from './config.ts'
import type { Callees, Context } from './context.ts'
import type { DrainOptions } from './drain.ts'
import type { IdempotencyOptions } from './idempotency/options.ts'
import { logConfigOf, type LogOptions } from './logConfig.ts'
import type { RateLimitKeys, RateLimitOptions } from './rateLimits/options.ts'
import type { TraceOptions } from './tracing.ts'

/** One function for each operation of the contract. */
export type Handlers<Ops extends Operations, Others extends Callees> = {
  readonly [Name in keyof Ops]: (
    context: Context<Ops[Name], Others>,
  ) => OutputOf<Ops[Name]> | Promise<OutputOf<Ops[Name]>>
}

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
export type Hook = (application: Application) => void | Promise<void>

/** What a service may say of its database; its requests' contexts choose the shard. */
export type DatabaseSettings = Omit<DatabaseOptions<Context>, 'url' | 'replicas' | 'applicationName' | 'observer'>

/** What a service is made of, besides its contract. */
export interface ServiceOptions<Ops extends Operations = Operations, Others extends Callees = Callees> {
  /** One function for each operation. */
  readonly handlers: Handlers<Ops, Others>
  /** Contracts of the services it calls, under the names that its handlers use. */
  readonly clients?: Others
  /** How these are called, under the same names. Default: see `ClientOptions`. */
  readonly calls?: { readonly [Name in keyof Others]?: ClientOptions<Others[Name]> }
  /** Drizzle tables: migrations are generated from them. */
  readonly models?: Readonly<Record<string, unknown>>
  /** Folder of the SQL migrations: `new URL('./migrations/', import.meta.url)`. */
  readonly migrations?: URL
  /** True: the service is not ready while its database lacks one of them. Default: false; its log says so at the start. */
  readonly requireMigrations?: boolean
  /** How the database is used: lanes, pool, timeouts, codecs, shards. Where it is says the configuration. */
  readonly database?: DatabaseSettings
  /** SQL that `tricube dev` runs once, on a new database: `new URL('./seed.sql', import.meta.url)`. */
  readonly seed?: URL
  readonly hooks?: Hooks
  /** Which web pages of other origins may call it. Default: none. */
  readonly cors?: CorsOptions
  /** Port, unless the configuration names one. Default: a free one. */
  readonly port?: number
  readonly limits?: ServerLimits
  /** Serves HTTPS, and calls others by it that do. Default: HTTP, for what is behind a proxy or in a mesh. */
  readonly tls?: TlsOptions
  /**
   * True: callers are strangers, as for what the internet reaches. Their deadline, attempt and request id are not believed,
   * and their trace becomes a link of a new one. Default: false.
   */
  readonly edge?: boolean
  /**
   * Whose `x-forwarded-*` headers are believed: addresses and subnets of proxies, for example `10.0.0.0/8`.
   * Default: nobody's.
   */
  readonly trustProxy?: string | readonly string[]
  /** How it stops. */
  readonly drain?: DrainOptions
  /** Where the requests of operations with a `rateLimit` are counted, and by which keys. */
  readonly rateLimits?: RateLimitOptions<RateLimitKeys<Ops>>
  /** How calls of operations that are `idempotent: 'by key'` are told apart. */
  readonly idempotency?: IdempotencyOptions
  /** What is refused while the service has too much to do; `false`: nothing. */
  readonly admission?: AdmissionOptions | false
  /** How it logs, unless the configuration says otherwise. */
  readonly log?: LogOptions
  /** How its requests are traced. */
  readonly trace?: TraceOptions
}

/** A contract and what keeps it. */
export interface Definition<Kept extends Contract = Contract> extends Omit<
  ServiceOptions,
  'handlers' | 'calls' | 'rateLimits'
> {
  readonly contract: Kept
  readonly calls?: Readonly<Record<string, ClientOptions>>
  readonly handlers: Readonly<Record<string, (context: never) => unknown>>
  readonly rateLimits?: RateLimitOptions
}

/** Whether a service has a database of its own. */
export function usesDatabase({ models, migrations, database, rateLimits }: Definition): boolean {
  const needsOne = rateLimits?.store === 'postgres'
  return needsOne || models !== undefined || migrations !== undefined || database !== undefined
}

/** What a service says of its configuration; the file and the environment come after it. */
export function ownConfig({ port, log = {}, drain: { preStopDelayMs } = {} }: Definition): Partial<Config> {
  return {
    ...(port !== undefined && { port }),
    ...(preStopDelayMs !== undefined && { preStopDelayMs }),
    ...logConfigOf(log),
  }
}
