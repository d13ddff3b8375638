import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import type { Contract } from '../contract/contract.ts'
import type { ContractEvents } from '../contract/event.ts'
import type { Jobs } from '../contract/job.ts'
import type { Logger } from '../log/logger.ts'
import type { Room } from '../tables/room.ts'
import { Application } from './application.ts'
import { checkDefinition } from './definition/checkDefinition.ts'
import type { Definition, Handlers, OwnOf, ServiceOptions } from './definition/definition.ts'
import type { OwnSettings } from '../config/own.ts'
import type { Callees } from './parts/calls.ts'
import type { Resources } from './definition/resource.ts'
import { usesDatabase } from './parts/database.ts'
import type { RunOptions } from './definition/hooks.ts'
import type { WorkContext } from './request/context.ts'
import { roomsOf } from './lifecycle/tables.ts'

/**
 * A contract with its handlers.
 *
 * Creating one opens nothing, so tools and tests can import it. The application behind it is created at first use.
 */
export class Service<Implemented extends Contract = Contract, Ctx = WorkContext> {
  /** Its definition. */
  readonly definition: Definition<Implemented>
  #application: Application | undefined

  constructor(definition: Definition<Implemented>) {
    checkDefinition(definition)
    this.definition = definition
  }

  /** The contract's name. */
  get name(): string {
    return this.definition.contract.name
  }

  /** The port it listens on, unless the configuration sets one. */
  get port(): number | undefined {
    return this.definition.port
  }

  /** Folder of its SQL migrations. */
  get migrations(): URL | undefined {
    return this.definition.migrations
  }

  /** SQL that is run once on a new database for development. */
  get seed(): URL | undefined {
    return this.definition.seed
  }

  /** Whether it has a database of its own. */
  get usesDatabase(): boolean {
    return usesDatabase(this.definition) || this.tables.length > 0
  }

  /** The tables of tricube's own that it needs. `tricube migrate up` creates them. */
  get tables(): readonly Room[] {
    return roomsOf(this.definition)
  }

  /** The Fastify instance, before and after the start. */
  get fastify(): FastifyInstance {
    return this.#running.fastify
  }

  /** Its log. */
  get log(): Logger {
    return this.#running.log
  }

  /**
   * Starts and listens. Resolves to the URL.
   *
   * @throws {ConfigError} when a value of the configuration is wrong
   */
  listen(): Promise<{ url: string }> {
    return this.#running.listen()
  }

  /**
   * Runs a function with the context of a handler, without a request: for scripts and timers. Its calls and statements
   * belong to their own trace. Opens the service first if needed, without listening. Close it when you are done.
   *
   * @example
   * const count = await users.run(({ db }) => db.value`SELECT count(*) FROM users`)
   * await users.close()
   */
  run<Result>(fn: (context: Ctx) => Result | Promise<Result>, options?: RunOptions): Promise<Result> {
    return this.#running.run(fn as never, options)
  }

  /** Handles a request without a socket. */
  inject(request: InjectOptions | string): Promise<LightMyRequestResponse> {
    return this.#running.inject(request)
  }

  /**
   * Stops: sends callers away, finishes requests in flight, closes what it has opened.
   *
   * @throws {Error} the first failure, or what did not end in time
   */
  close(): Promise<void> {
    return this.#application?.close() ?? Promise.resolve()
  }

  get #running(): Application {
    return (this.#application ??= new Application(this.definition))
  }
}

/** Nothing, or `never` for each handler that has no operation. Deferred for a generic contract, it accepts its handlers. */
type NoOthers<Own, Ops> = [keyof Own] extends [keyof Ops]
  ? unknown
  : { readonly [Name in Exclude<keyof Own, keyof Ops>]: never }

/**
 * Creates a service from a contract and a handler for each of its operations.
 *
 * @throws {TypeError} one line, when a handler is missing or has no operation, or an option is unknown or invalid
 *
 * @example
 * export default service(roleService, {
 *   handlers: { getRole: ({ params, db }) => db.one<Role>`SELECT id, name FROM roles WHERE id = ${params.id}` },
 * })
 */
export function service<
  Implemented extends Contract,
  const Others extends Callees = {},
  const ResourceMap extends Resources = {},
  const Values extends OwnSettings = {},
  const JobMap extends Jobs = {},
  const EventMap extends ContractEvents = {},
  Own extends Handlers<Implemented['operations'], Others, OwnOf<ResourceMap, Values>> = Handlers<
    Implemented['operations'],
    Others,
    OwnOf<ResourceMap, Values>
  >,
>(
  contract: Implemented,
  options: ServiceOptions<Implemented['operations'], Others, ResourceMap, Values, JobMap, EventMap> & {
    readonly handlers: Own & NoOthers<Own, Implemented['operations']>
  },
): Service<Implemented, WorkContext<Others> & OwnOf<ResourceMap, Values>> {
  return new Service({ ...options, contract } as unknown as Definition<Implemented>)
}
