import type { Server as SecureServer } from 'node:tls'
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import type { Contract } from '../contract/contract.ts'
import { InFlight } from '../http/inFlight.ts'
import { lateLog, type LateLog } from '../log/late.ts'
import type { Logger } from '../log/logger.ts'
import { flushAtExit, standardOutput } from '../log/output.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Database } from '../sql/index.ts'
import { Certificates } from '../tls/certificates.ts'
import { Admission } from './admission.ts'
import { checkDefinition } from './checkDefinition.ts'
import { loadConfig, type Config, type LiveConfig } from './config.ts'
import { clientsClass, type Runtime } from './context.ts'
import { ownConfig, type Definition } from './definition.ts'
import { openDiscovery, type Discovery } from './discovery.ts'
import { Drain } from './drain.ts'
import { tellEnd } from './endedRequest.ts'
import { readinessOf, type Readiness } from './health.ts'
import { listen } from './listen.ts'
import { Logging } from './logging.ts'
import { Metering } from './metering.ts'
import { checkDatabaseUrl, openDatabase, tellIfUnreachable } from './openDatabase.ts'
import type { Overrides } from './overrides.ts'
import { RateLimits } from './rateLimits/rateLimits.ts'
import { serverOf } from './server.ts'
import { inSteps, type Step } from './steps.ts'
import { Targets } from './targets.ts'
import { Tracing } from './tracing.ts'
import { openGroup, type Group } from './workers/group.ts'
import { admissionShare, databaseShare } from './workers/share.ts'

type State = 'new' | 'starting' | 'serving' | 'stopping'

/** A service that runs: its Fastify, its database, its log, from start to stop. */
export class Application {
  readonly contract: Contract
  /** The real Fastify: any plugin of its works. */
  readonly fastify: FastifyInstance
  readonly #definition: Definition
  readonly #overrides: Overrides
  readonly #group: Group = openGroup({ readiness: () => this.#readiness(), metrics: () => this.metrics.snapshot() })
  readonly #logging: Logging
  readonly #tracing = new Tracing()
  readonly #metering: Metering
  readonly #rateLimits: RateLimits
  readonly #admission: Admission
  readonly #certificates: Certificates
  readonly #targets: Targets
  readonly #inFlight: InFlight
  readonly #drain: Drain
  #state: State = 'new'
  #started: Promise<void> | undefined
  #listened: Promise<{ url: string }> | undefined
  #closed: Promise<void> | undefined
  #config: LiveConfig | undefined
  #discovery: Discovery | undefined
  #runtime: Runtime | undefined
  #forgetEnded: (() => void) | undefined

  constructor(definition: Definition, overrides: Overrides = {}) {
    checkDefinition(definition)
    this.#definition = definition
    this.#overrides = overrides
    this.contract = definition.contract
    this.#logging = new Logging(this.contract.name, this.#group.number)
    this.#metering = new Metering(Object.keys(this.contract.operations), (metric) =>
      this.log.warn({ metric }, 'a metric has more than 2,000 combinations of label values'),
    )
    const observers = { metering: this.#metering, logging: this.#logging, tracing: this.#tracing }
    this.#inFlight = new InFlight((ended) => tellEnd(observers, ended))
    this.#rateLimits = new RateLimits(this.contract, definition.rateLimits, this.metrics)
    this.#admission = new Admission(
      this.contract,
      admissionShare(definition.admission ?? {}, this.#group.size),
      this.#metering.requests,
      this.#inFlight,
    )
    const log = lateLog(() => this.log)
    this.#certificates = new Certificates(definition.tls, log)
    this.#targets = new Targets(definition, this.#metering, this.#certificates, log)
    this.fastify = this.#createFastify(log)
    this.#drain = new Drain(this.contract.name, this.fastify, this.#inFlight, definition.drain)
  }

  /** The configuration, from the start on. */
  get config(): LiveConfig {
    if (!this.#config) throw new Error(`${this.contract.name} has not been started`)
    return this.#config
  }

  /** Its log; how it logs is known from the start on. */
  get log(): Logger {
    return this.#logging.log
  }

  /** Its metrics, answered at `/metrics`. */
  get metrics(): Metrics {
    return this.#metering.metrics
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
    this.#inFlight.tellEnded()
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
    if (tls) await this.#certificates.serve(this.fastify.server as unknown as SecureServer)
    const { url, at } = await listen(this.fastify, this.config)
    if (at) this.#tracing.listensOn(at.port)
    await hooks?.afterStart?.(this)
    if (at) await this.#discovery?.join(this.contract.name, { ...at, secure: tls !== undefined }, () => this.#isReady())
    this.#targets.prepare()
    if (this.db) void tellIfUnreachable(this.db, this.log)
    this.#logging.followSignal()
    return { url }
  }

  async #start(): Promise<void> {
    this.#state = 'starting'
    const { hooks, trace, edge = false, database } = this.#definition
    const config = { ...(await loadConfig(ownConfig(this.#definition))), ...this.#overrides.config }
    checkDatabaseUrl(this.#definition, config)
    await this.#logging.open(config)
    this.#forgetEnded = flushAtExit({ flushSync: this.#inFlight.tellEnded })
    await this.#tracing.open(this.contract.name, config, { ...trace, edge }, this.log, this.#overrides.sink)
    const { register } = this.#group
    const discovery = await openDiscovery(config, this.log, register && ((instance) => register(instance, config)))
    this.#discovery = discovery
    this.#config = { ...config, watch: (key, onChange) => discovery.watch(key, onChange) }
    this.#runtime = {
      log: this.log,
      metrics: this.metrics,
      db: openDatabase(
        this.contract.name,
        config,
        databaseShare({ ...database, ...this.#overrides.database }, this.#group.size),
        this.#tracing.statements,
      ),
      Clients: clientsClass(this.#targets.connect(discovery.registry, config, this.#overrides.clientClass)),
    }
    if (config.metricsExporter !== 'none') this.#measure(config)
    this.#admission.open(this.log)
    try {
      const home = config.databaseUrl === undefined ? undefined : this.db
      await this.#rateLimits.open(home, this.#group.rateLimits, this.log)
      await hooks?.beforeStart?.(this)
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
    const limitMs = this.#drain.limitMs(preStopDelayMs)
    try {
      await inSteps(
        limitMs,
        () => this.log,
        (step) => this.#stop(step, preStopDelayMs),
      )
    } finally {
      this.#logging.close()
    }
  }

  async #stop(step: Step, preStopDelayMs: number): Promise<void> {
    const opening: Promise<unknown> | undefined =
      this.#state === 'stopping' ? undefined : (this.#listened ?? this.#started)
    await step('its start', () => opening?.catch(() => {}))
    const wasServing = this.#state === 'serving'
    const hooks = wasServing ? this.#definition.hooks : undefined
    this.#state = 'stopping'
    await Promise.all([
      step('its registration', () => this.#discovery?.leave()),
      step('the hook beforeStop', () => hooks?.beforeStop?.(this)),
      this.fastify.server.listening && this.#drain.letGo(preStopDelayMs),
    ])
    await step('requests in flight', () => this.#drain.finish())
    this.#inFlight.tellEnded()
    this.#forgetEnded?.()
    this.#discovery?.close()
    await step('calls to other services', () => this.#targets[Symbol.asyncDispose]())
    this.#certificates.close()
    await step('the database', () => this.db?.close())
    await step('the last spans', () => this.#tracing.close())
    await step('its last counts', () => this.#group.close())
    this.#metering.close()
    this.#admission.close()
    await step('the hook afterStop', () => hooks?.afterStop?.(this))
    if (wasServing) this.log.info('stopped')
  }

  #createFastify(log: LateLog): FastifyInstance {
    return serverOf(this.#definition, {
      log,
      runtime: () => this.#runtime!,
      admission: this.#admission,
      inFlight: this.#inFlight,
      rateLimits: this.#rateLimits,
      tracing: this.#tracing,
      metering: this.#metering,
      group: this.#group,
      checkResponse: this.#overrides.checkResponse,
    })
  }

  #measure({ version, databaseUrl }: Config): void {
    this.metrics.onScrape(this.#inFlight.tellEnded)
    this.#metering.open({
      service: this.contract.name,
      version,
      inFlight: () => this.#inFlight.size,
      db: this.db,
      hasHome: databaseUrl !== undefined,
      spans: () => this.#tracing.stats,
      droppedLines: () => standardOutput().dropped,
    })
  }

  async #isReady(): Promise<boolean> {
    return (await this.#readiness()).status === 'ready'
  }

  #readiness(): Promise<Readiness> {
    return readinessOf(this.#state === 'serving', this.db ? { database: () => this.db!.ping() } : {})
  }
}
