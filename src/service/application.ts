import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import { loadConfig } from '../config/load.ts'
import type { Contract } from '../contract/contract.ts'
import type { CheckResponse } from '../http/operation/respond.ts'
import { Server } from '../http/server.ts'
import { lateLog } from '../log/late.ts'
import { createLogger, type Logger } from '../log/logger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Database } from '../sql/index.ts'
import { spanTemplate } from '../trace/spanTemplate.ts'
import { sourceNameOf } from '../trace/sourceName.ts'
import { settingsOf, type Config, type LiveConfig } from './definition/config.ts'
import { checkDefinition } from './definition/checkDefinition.ts'
import type { Definition } from './definition/definition.ts'
import type { RunningApplication, RunOptions } from './definition/hooks.ts'
import { HookRunner } from './lifecycle/hookRunner.ts'
import { listen } from './lifecycle/listen.ts'
import { OpenParts, type AnyPart } from './lifecycle/openParts.ts'
import type { Listening } from './part.ts'
import * as parts from './parts.ts'
import { readinessOf, stopping, type Readiness } from './lifecycle/readiness.ts'
import type { WorkContext } from './request/context.ts'
import { runShutdown, type RunStep } from './lifecycle/shutdown.ts'
import { openAll, openCore, type Running } from './lifecycle/startup.ts'
import { roomsOf } from './lifecycle/tables.ts'
import { BackgroundWork, checkRunOptions, checkTimeout } from './background/backgroundWork.ts'

type State = 'new' | 'starting' | 'serving' | 'stopping'

/** Replacements for parts and configuration in tests. */
export interface Overrides {
  readonly config?: Partial<Config>
  /** Parts that replace those with the same name. */
  readonly parts?: readonly AnyPart[]
  readonly checkResponse?: CheckResponse
}

/** A service that runs: opens its parts, serves its requests, and closes what it has opened. */
export class Application implements RunningApplication {
  readonly contract: Contract
  /** The Fastify instance. All of its plugins work. */
  readonly fastify: FastifyInstance
  readonly #definition: Definition
  readonly #overrides: Overrides
  readonly #firstLog: Logger
  readonly #server: Server
  readonly #parts: OpenParts
  readonly #work: BackgroundWork
  readonly #hooks: HookRunner
  readonly #whenListening: ((at: Listening) => void | Promise<void>)[] = []
  #state: State = 'new'
  #running: Running | undefined
  #started: Promise<void> | undefined
  #listened: Promise<{ url: string }> | undefined
  #closed: Promise<void> | undefined

  constructor(definition: Definition, overrides: Overrides = {}) {
    checkDefinition(definition)
    this.#definition = definition
    this.#overrides = overrides
    this.contract = definition.contract
    this.#firstLog = createLogger({ name: this.contract.name, level: 'info' })
    const log = lateLog(() => this.log)
    this.#server = new Server({ ...definition, log })
    this.fastify = this.#server.fastify
    this.#work = new BackgroundWork(log)
    this.#hooks = new HookRunner(definition.hooks, this.#work)
    this.#parts = new OpenParts({
      definition,
      log,
      fastify: this.fastify,
      inFlight: this.#server.inFlight,
      work: this.#work,
      tables: roomsOf(definition),
      readiness: () => this.#readiness(),
      whenListening: (fn) => void this.#whenListening.push(fn),
      replacements: overrides.parts,
    })
  }

  /** The configuration. Available once the service has started. */
  get config(): LiveConfig {
    return this.#known.config
  }

  /** Its log. The configuration of the log applies once the service has started. */
  get log(): Logger {
    return this.#running?.log ?? this.#firstLog
  }

  /** Its metrics, served at `/metrics`. Available once the service has started. */
  get metrics(): Metrics {
    return this.#known.metrics
  }

  /**
   * Aborts when the service begins to stop. End what never ends by itself, such as a stream of events or a websocket.
   * Routes of your own find it as `request.draining`.
   */
  get draining(): AbortSignal {
    return this.#server.inFlight.draining
  }

  /** The service's database; undefined when it has none. */
  get db(): Database | undefined {
    return this.#running?.db
  }

  /** The context of the hook that is running. */
  get context(): WorkContext {
    return this.#hooks.context
  }

  /** Runs a function with its own context. Starts the service first if needed, without listening. */
  async run<Result>(fn: (context: WorkContext) => Result | Promise<Result>, options: RunOptions = {}): Promise<Result> {
    checkRunOptions('run', options)
    const { name = sourceNameOf(fn) || 'run', timeoutMs, signal } = options
    if (timeoutMs !== undefined) checkTimeout(timeoutMs)
    if (!this.#work.isOpen) await this.start() // inside a hook, the start is not complete yet
    return this.#work.run({ template: spanTemplate(name), timeoutMs, signal }, (context) => fn(context as never))
  }

  /** Runs the `afterStart` hook alone, for a test that does not listen. */
  async afterStart(): Promise<void> {
    await this.#hooks.run('afterStart', this)
  }

  /**
   * Opens all parts once, without listening.
   *
   * @throws {ConfigError} when a value of the configuration is wrong
   */
  start(): Promise<void> {
    return (this.#started ??= this.#start())
  }

  /** Starts the service if needed, and listens. Resolves to its URL. A second call returns the same promise. */
  listen(): Promise<{ url: string }> {
    return (this.#listened ??= this.#listen())
  }

  /** Handles a request without a socket. */
  async inject(request: InjectOptions | string): Promise<LightMyRequestResponse> {
    await this.start()
    const response = await this.fastify.inject(request)
    this.#server.inFlight.reportEnded()
    return response
  }

  /**
   * Stops once: sends callers away, finishes requests in flight, then closes what it has opened.
   *
   * @throws {Error} the first failure, or what did not end in time. It is logged, and all else is closed
   */
  close(): Promise<void> {
    return (this.#closed ??= this.#close())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #start(): Promise<void> {
    this.#state = 'starting'
    try {
      await this.#open()
      await this.#hooks.run('beforeStart', this)
      this.#server.addOperations()
      await this.fastify.ready()
      this.#state = 'serving'
    } catch (error) {
      this.#state = 'stopping'
      if (!this.#closed) await this.close().catch(() => {}) // the first error is the one to throw
      throw error
    }
  }

  async #open(): Promise<void> {
    const { values: config, unknown } = await loadConfig<Config>(settingsOf(this.#definition), {
      options: this.#definition,
      overrides: this.#overrides.config ?? {},
    })
    const use = this.#parts.configured(config)
    this.#running = await openCore(use, config)
    await openAll(use, {
      definition: this.#definition,
      parts: this.#parts,
      server: this.#server,
      work: this.#work,
      checkResponse: this.#overrides.checkResponse,
    })
    for (const variable of unknown) this.log.warn(variable)
  }

  async #listen(): Promise<{ url: string }> {
    await this.start()
    if (this.#closed) throw new Error(`${this.contract.name} was stopped before it listened`)
    const { url, at } = await listen(this.fastify, this.config)
    await this.afterStart()
    for (const fn of this.#whenListening) await fn(at)
    return { url }
  }

  async #close(): Promise<void> {
    const limitMs = this.#running?.stopLimitMs ?? 30_000
    const log = (): Logger => this.log
    const failures: unknown[] = []
    await runShutdown(limitMs, log, (step) => this.#stop(step)).catch((error: unknown) => failures.push(error))
    failures.push(...(await this.#parts.closeAll()))
    if (failures.length > 0) throw failures[0]
  }

  async #stop(step: RunStep): Promise<void> {
    const opening: Promise<unknown> | undefined =
      this.#state === 'stopping' ? undefined : (this.#listened ?? this.#started)
    await step('its start', () => opening?.catch(() => {}))
    const wasServing = this.#state === 'serving'
    const hook = (name: 'beforeStop' | 'afterStop') => (wasServing ? this.#hooks.run(name, this) : undefined)
    this.#state = 'stopping'
    await Promise.all([step('the hook beforeStop', () => hook('beforeStop')), this.#parts.stopTaking(step)])
    await this.#parts.finish(step)
    if (!this.#running) await step('the server', () => this.fastify.close()) // the start failed before the drain part was open
    this.#server.inFlight.reportEnded()
    await this.#parts.closeDownTo(parts.log.name, step)
    await step('the hook afterStop', () => hook('afterStop'))
    if (wasServing) this.log.info('stopped')
  }

  async #readiness(): Promise<Readiness> {
    return this.#state === 'serving' ? readinessOf(this.#parts.checks) : stopping
  }

  get #known(): Running {
    if (!this.#running) throw new Error(`${this.contract.name} has not been started`)
    return this.#running
  }
}
