import type { AddressInfo } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest, InjectOptions, LightMyRequestResponse } from 'fastify'
import type { ClientClass } from '../client/call.ts'
import type { Contract } from '../contract/contract.ts'
import { addCors } from '../http/cors.ts'
import { registerDocs } from '../http/docs/docs.ts'
import { httpErrorFrom } from '../http/errors.ts'
import { createServer } from '../http/server.ts'
import { shownPath } from '../http/shownPath.ts'
import { lateLog } from '../log/late.ts'
import type { Logger } from '../log/logger.ts'
import { standardOutput } from '../log/output.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { database, httpErrorOf, type Database } from '../sql/index.ts'
import type { Sink } from '../trace/sink.ts'
import { isWatching } from './accessLog.ts'
import { loadConfig, type Config, type LiveConfig } from './config.ts'
import { clientsClass, type Context, type Runtime } from './context.ts'
import { checkDefinition, type DatabaseSettings, type Definition } from './definition.ts'
import { openDiscovery, type Discovery } from './discovery.ts'
import { addHealth, readinessOf, type Readiness } from './health.ts'
import { logConfigOf } from './logConfig.ts'
import { Logging } from './logging.ts'
import { Metering } from './metering.ts'
import { compileRun, type AnyHandler } from './run.ts'
import { Targets } from './targets.ts'
import { Tracing } from './tracing.ts'

/** What a test puts in the place of the real thing. */
export interface Overrides {
  readonly config?: Partial<Config>
  readonly database?: DatabaseSettings
  readonly clientClass?: (callee: Contract) => ClientClass<Contract>
  readonly checkResponse?: (operation: string, value: unknown) => void
  /** Where its spans go. */
  readonly sink?: Sink
}

/** Nginx's status for a caller that hung up before it was answered. */
const hungUp = 499

type State = 'new' | 'starting' | 'serving' | 'stopping' | 'stopped'

/** A service that runs: its Fastify, its database, its log, from start to stop. */
export class Application {
  readonly contract: Contract
  /** The real Fastify: any plugin of its works. */
  readonly fastify: FastifyInstance
  readonly #definition: Definition
  readonly #overrides: Overrides
  readonly #logging: Logging
  readonly #tracing = new Tracing()
  readonly #metering: Metering
  readonly #targets: Targets
  #state: State = 'new'
  #started: Promise<void> | undefined
  #closed: Promise<void> | undefined
  #config: LiveConfig | undefined
  #discovery: Discovery | undefined
  #runtime: Runtime | undefined

  constructor(definition: Definition, overrides: Overrides = {}) {
    checkDefinition(definition)
    this.#definition = definition
    this.#overrides = overrides
    this.contract = definition.contract
    this.#logging = new Logging(this.contract.name)
    this.#metering = new Metering(Object.keys(this.contract.operations), (metric) =>
      this.log.warn({ metric }, 'a metric has more than 2,000 combinations of label values'),
    )
    this.#targets = new Targets(definition, this.#metering)
    this.fastify = this.#createFastify()
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

  /** Starts, if need be, and listens; resolves to its URL. */
  async listen(): Promise<{ url: string }> {
    await this.start()
    const { host, port } = this.config
    const url = await this.fastify.listen({ host, port, listenTextResolver: (address) => `listening on ${address}` })
    this.#tracing.listensOn((this.fastify.server.address() as AddressInfo).port)
    await this.#definition.hooks?.afterStart?.(this)
    await this.#join()
    this.#targets.prepare()
    this.#logging.followSignal()
    return { url }
  }

  /** Answers a request without a socket. */
  async inject(request: InjectOptions | string): Promise<LightMyRequestResponse> {
    await this.start()
    return this.fastify.inject(request)
  }

  /** Stops: lets the requests in flight finish, then closes the connections; once. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #start(): Promise<void> {
    this.#state = 'starting'
    const { port, hooks, log = {}, trace } = this.#definition
    const own = { ...(port !== undefined && { port }), ...logConfigOf(log) }
    const config = { ...(await loadConfig(own)), ...this.#overrides.config }
    await this.#logging.open(config)
    await this.#tracing.open(this.contract.name, config, trace ?? {}, this.log, this.#overrides.sink)
    const discovery = await openDiscovery(config, this.log)
    this.#discovery = discovery
    this.#config = { ...config, watch: (key, onChange) => discovery.watch(key, onChange) }
    this.#runtime = {
      log: this.log,
      metrics: this.metrics,
      db: this.#openDatabase(config),
      Clients: clientsClass(this.#targets.connect(discovery.registry, config, this.#overrides.clientClass)),
    }
    if (config.metricsExporter !== 'none') this.#measure(config)
    try {
      await hooks?.beforeStart?.(this)
      await this.fastify.ready()
      this.#state = 'serving'
    } catch (error) {
      await this.close().catch(() => {}) // the first error is the one to tell
      throw error
    }
  }

  async #close(): Promise<void> {
    const { hooks } = this.#definition
    const wasServing = this.#state === 'serving'
    this.#state = 'stopping'
    if (wasServing) await hooks?.beforeStop?.(this)
    await this.#discovery?.leave()
    await this.fastify.close()
    this.#discovery?.close()
    await this.#targets[Symbol.asyncDispose]()
    await this.db?.close()
    await this.#tracing.close()
    this.#metering.close()
    if (wasServing) await hooks?.afterStop?.(this)
    this.#state = 'stopped'
    if (wasServing) this.log.info('stopped')
    this.#logging.close()
  }

  #createFastify(): FastifyInstance {
    const { contract, handlers, limits, cors } = this.#definition
    const runtime = (): Runtime => this.#runtime!
    const run = Object.entries(contract.operations).map(([name, operation]) => [
      name,
      compileRun(name, operation, handlers[name] as AnyHandler, runtime),
    ])
    const onRequest = Object.entries(contract.operations).map(([name, operation]) => [
      name,
      this.#tracing.onRequest(name, operation),
    ])
    const fastify = createServer({
      contract,
      log: lateLog(() => this.log),
      limits,
      run: Object.fromEntries(run),
      errorOf: (thrown) => httpErrorOf(thrown) ?? httpErrorFrom(thrown),
      onRequest: Object.fromEntries(onRequest),
      watcher: {
        begin: () => this.#metering.requests.begin(),
        end: (request, reply, durationMs) => this.#onRequestEnd(request, reply, durationMs),
      },
      checkResponse: this.#overrides.checkResponse,
    })
    if (cors) addCors(fastify, cors)
    registerDocs(fastify, contract)
    addHealth(fastify, () => this.#readiness())
    this.#metering.addRoute(fastify)
    return fastify
  }

  #measure({ version, databaseUrl }: Config): void {
    this.#metering.open({
      service: this.contract.name,
      version,
      db: this.db,
      hasHome: databaseUrl !== undefined,
      spans: () => this.#tracing.stats,
      droppedLines: () => standardOutput().dropped,
    })
  }

  #onRequestEnd(request: FastifyRequest, reply: FastifyReply, durationMs: number): void {
    const { config, url: route } = request.routeOptions
    const { operation } = config
    const status = reply.raw.writableEnded ? reply.statusCode : hungUp
    const ended = { operation, route, path: shownPath(request.url, route), status, durationMs }
    this.#metering.requests.end()
    const traced = request.span?.isRecorded ? request.span : undefined
    if (!isWatching(route)) this.#metering.requests.observe(operation, status, durationMs, traced)
    this.#logging.access.end(request, reply, ended)
    this.#tracing.onRequestEnd(request, ended)
  }

  /** Makes the service known to the others, now that it listens. */
  async #join(): Promise<void> {
    const [listening] = this.fastify.addresses()
    const isReady = async (): Promise<boolean> => (await this.#readiness()).status === 'ready'
    if (typeof listening === 'object') await this.#discovery?.join(this.contract.name, listening, isReady)
  }

  #readiness(): Promise<Readiness> {
    return readinessOf(this.#state === 'serving', this.db ? { database: () => this.db!.ping() } : {})
  }

  #openDatabase({ databaseUrl, databaseReplicaUrls }: Config): Database | undefined {
    const settings = { ...this.#definition.database, ...this.#overrides.database }
    if (databaseUrl === undefined && !settings.shards) return undefined
    const url = databaseUrl === undefined ? {} : { url: databaseUrl }
    const { statements: observer } = this.#tracing
    return database<Context>({
      ...settings,
      ...url,
      replicas: databaseReplicaUrls,
      applicationName: this.contract.name,
      ...(observer && { observer }),
    })
  }
}
