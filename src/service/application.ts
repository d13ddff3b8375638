import type { Server as SecureServer } from 'node:tls'
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import type { Contract } from '../contract/contract.ts'
import type { Logger } from '../log/logger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Database } from '../sql/index.ts'
import { checkDefinition } from './checkDefinition.ts'
import { loadConfig, type LiveConfig } from './config.ts'
import { clientsClass, type Runtime } from './context.ts'
import { ownConfig, type Definition } from './definition.ts'
import { openDiscovery, type Discovery } from './discovery.ts'
import { readinessOf, type Readiness } from './health.ts'
import { listen } from './listen.ts'
import type { Migrated } from './migrated.ts'
import { checkDatabaseUrl, openDatabase, openMigrated, tellIfUnreachable } from './openDatabase.ts'
import type { Overrides } from './overrides.ts'
import { Parts } from './parts.ts'
import { inSteps, type Step } from './steps.ts'
import { databaseShare } from './workers/share.ts'

type State = 'new' | 'starting' | 'serving' | 'stopping'

/** A service that runs: its Fastify, its database, its log, from start to stop. */
export class Application {
  readonly contract: Contract
  /** The real Fastify: any plugin of its works. */
  readonly fastify: FastifyInstance
  readonly #definition: Definition
  readonly #overrides: Overrides
  readonly #parts: Parts
  #state: State = 'new'
  #started: Promise<void> | undefined
  #listened: Promise<{ url: string }> | undefined
  #closed: Promise<void> | undefined
  #config: LiveConfig | undefined
  #discovery: Discovery | undefined
  #runtime: Runtime | undefined
  #migrated: Migrated | undefined

  constructor(definition: Definition, overrides: Overrides = {}) {
    checkDefinition(definition)
    this.#definition = definition
    this.#overrides = overrides
    this.contract = definition.contract
    this.#parts = new Parts(definition, overrides, {
      readiness: () => this.#readiness(),
      runtime: () => this.#runtime!,
    })
    this.fastify = this.#parts.fastify
  }

  /** The configuration, from the start on. */
  get config(): LiveConfig {
    if (!this.#config) throw new Error(`${this.contract.name} has not been started`)
    return this.#config
  }

  /** Its log; how it logs is known from the start on. */
  get log(): Logger {
    return this.#parts.logging.log
  }

  /** Its metrics, answered at `/metrics`. */
  get metrics(): Metrics {
    return this.#parts.metering.metrics
  }

  /**
   * Aborts when the service has begun to stop and its callers are to go elsewhere: for what never ends by itself, such as a
   * stream of events or a websocket. Routes of your own find it as `request.draining`.
   */
  get draining(): AbortSignal {
    return this.#parts.drain.begun
  }

  /** The service's database; undefined when it has none. */
  get db(): Database | undefined {
    return this.#runtime?.db
  }

  /**
   * Makes everything ready to answer, without listening; once.
   *
   * @throws {ConfigError} when a value of the configuration is wrong
   */
  start(): Promise<void> {
    return (this.#started ??= this.#start())
  }

  /** Starts, if need be, and listens, once; resolves to its URL. */
  listen(): Promise<{ url: string }> {
    return (this.#listened ??= this.#listen())
  }

  /** Answers a request without a socket. */
  async inject(request: InjectOptions | string): Promise<LightMyRequestResponse> {
    await this.start()
    const response = await this.fastify.inject(request)
    this.#parts.inFlight.tellEnded()
    return response
  }

  /**
   * Stops, once: has its callers go elsewhere, finishes their requests, then closes what it has opened.
   *
   * @throws {Error} what went wrong, or did not end in time; it is logged, and all the rest is closed
   */
  close(): Promise<void> {
    return (this.#closed ??= this.#close())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #listen(): Promise<{ url: string }> {
    await this.start()
    if (this.#closed) throw new Error(`${this.contract.name} was stopped before it listened`)
    const { tls, hooks } = this.#definition
    const { certificates, tracing, targets, logging, group } = this.#parts
    if (tls) await certificates.serve(this.fastify.server as unknown as SecureServer)
    const { url, at } = await listen(this.fastify, this.config)
    if (at) tracing.listensOn(at.port)
    await hooks?.afterStart?.(this)
    if (at) await this.#discovery?.join(this.contract.name, { ...at, secure: tls !== undefined }, () => this.#isReady())
    targets.prepare()
    if (this.db) void tellIfUnreachable(this.db, this.log)
    if ((group.number ?? 1) === 1) void this.#migrated?.tell(this.log)
    logging.followSignal()
    return { url }
  }

  async #start(): Promise<void> {
    this.#state = 'starting'
    const { hooks, trace, edge = false, database } = this.#definition
    const { group, logging, inFlight, tracing, targets, admission, rateLimits } = this.#parts
    const config = { ...(await loadConfig(ownConfig(this.#definition))), ...this.#overrides.config }
    checkDatabaseUrl(this.#definition, config)
    this.#migrated = await openMigrated(this.#definition, config)
    await logging.open(config, inFlight.tellEnded)
    await tracing.open(this.contract.name, config, { ...trace, edge }, this.log, this.#overrides.sink)
    const { register } = group
    const discovery = await openDiscovery(config, this.log, register && ((instance) => register(instance, config)))
    this.#discovery = discovery
    this.#config = { ...config, watch: (key, onChange) => discovery.watch(key, onChange) }
    this.#runtime = {
      log: this.log,
      metrics: this.metrics,
      db: await openDatabase(
        this.contract.name,
        config,
        databaseShare({ ...database, ...this.#overrides.database }, group.size),
        tracing.statements,
      ),
      passesBaggage: config.tracePropagators.includes('baggage'),
      Clients: clientsClass(targets.connect(discovery.registry, config, this.#overrides.clientClass)),
    }
    if (config.metricsExporter !== 'none') this.#parts.measure(config, this.db)
    admission.open(this.log)
    try {
      const home = config.databaseUrl === undefined ? undefined : this.db
      await rateLimits.open(home, group.rateLimits, this.log)
      await hooks?.beforeStart?.(this)
      this.#parts.addOperations()
      await this.fastify.ready()
      this.#state = 'serving'
    } catch (error) {
      this.#state = 'stopping'
      if (!this.#closed) await this.close().catch(() => {}) // the first error is the one to tell
      throw error
    }
  }

  async #close(): Promise<void> {
    const preStopDelayMs = this.#config?.preStopDelayMs ?? 0
    const { drain, logging } = this.#parts
    const limitMs = drain.limitMs(preStopDelayMs)
    try {
      await inSteps(
        limitMs,
        () => this.log,
        (step) => this.#stop(step, preStopDelayMs),
      )
    } finally {
      logging.close()
    }
  }

  async #stop(step: Step, preStopDelayMs: number): Promise<void> {
    const { drain, inFlight, targets, certificates, tracing, group, metering, admission } = this.#parts
    const opening: Promise<unknown> | undefined =
      this.#state === 'stopping' ? undefined : (this.#listened ?? this.#started)
    await step('its start', () => opening?.catch(() => {}))
    const wasServing = this.#state === 'serving'
    const hooks = wasServing ? this.#definition.hooks : undefined
    this.#state = 'stopping'
    await Promise.all([
      step('its registration', () => this.#discovery?.leave()),
      step('the hook beforeStop', () => hooks?.beforeStop?.(this)),
      this.fastify.server.listening && drain.letGo(preStopDelayMs),
    ])
    await step('requests in flight', () => drain.finish())
    inFlight.tellEnded()
    this.#discovery?.close()
    await step('calls to other services', () => targets[Symbol.asyncDispose]())
    certificates.close()
    await step('the database', () => this.db?.close())
    await step('the last spans', () => tracing.close())
    await step('its last counts', () => group.close())
    metering.close()
    admission.close()
    await step('the hook afterStop', () => hooks?.afterStop?.(this))
    if (wasServing) this.log.info('stopped')
  }

  async #isReady(): Promise<boolean> {
    return (await this.#readiness()).status === 'ready'
  }

  #readiness(): Promise<Readiness> {
    const { requireMigrations = false } = this.#definition
    return readinessOf(this.#state === 'serving', {
      ...(this.db && { database: () => this.db!.ping() }),
      ...(requireMigrations && this.#migrated && { migrations: this.#migrated.check }),
    })
  }
}
