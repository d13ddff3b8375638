import { systemClock, type Clock } from '../../time/clock.ts'
import type { Logger } from '../../log/logger.ts'
import { fullJitter, type Backoff } from '../../time/backoff.ts'
import { killStuck } from './killStuck.ts'
import { describeExit, Slot, type Exit, type Worker } from './worker.ts'

/** The options of a supervisor. */
export interface SupervisorOptions {
  readonly count: number
  /** Compiles the program of the workers; each reload calls it. */
  readonly load: () => Promise<string>
  /** Starts the worker with this number, from 1. */
  readonly fork: (number: number, program: string) => Worker
  readonly log: Pick<Logger, 'info' | 'warn' | 'error' | 'fatal'>
  readonly clock?: Clock
  readonly backoff?: Backoff
}

/** In milliseconds. The exit of a worker that ran this long does not count as a failed start. */
const stableMs = 30_000
/** The supervisor exits after this many failed starts in a row per worker while none serves. */
const maxFailedStarts = 5

/** Keeps a number of workers running: starts them, replaces those that exit, and reloads them one by one. */
export class Supervisor {
  /** Resolves to the exit code when the supervisor has stopped, or too many starts have failed. */
  readonly ended: Promise<number>
  readonly #options: SupervisorOptions
  readonly #clock: Clock
  readonly #backoff: Backoff
  readonly #slots: readonly Slot[]
  /** The processes that have not exited, including those that drain. */
  readonly #alive = new Set<Worker>()
  readonly #stopping = new AbortController()
  #end!: (exitCode: number) => void
  #exitCode = 0
  #program = ''
  #failedStarts = 0
  #losses = 0
  #reload: Promise<void> | undefined
  #reloadsAgain = false

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#backoff = options.backoff ?? fullJitter({ baseMs: 200, capMs: 30_000 })
    this.#slots = Array.from({ length: options.count }, (_, i) => new Slot(i + 1))
    this.ended = new Promise((resolve) => (this.#end = resolve))
  }

  /** The number of workers that should run. */
  get count(): number {
    return this.#slots.length
  }

  /** The workers that serve. */
  get workers(): readonly Worker[] {
    return this.#slots.flatMap(({ worker }) => worker ?? [])
  }

  get isStopping(): boolean {
    return this.#stopping.signal.aborted
  }

  /** The number of workers that exited unexpectedly. */
  get losses(): number {
    return this.#losses
  }

  /**
   * Starts all workers and resolves to their URL. The first one starts alone, so that a common problem is reported once.
   *
   * @throws {StartError} when a worker exits before it listens; the remaining workers are stopped
   */
  async start(): Promise<string> {
    const { load, log } = this.#options
    this.#program = await load()
    const [first, ...rest] = this.#slots as [Slot, ...Slot[]]
    const began = this.#clock.now()
    try {
      await this.#fill(first)
      if (!this.isStopping) await Promise.all(rest.map((slot) => this.#fill(slot)))
    } catch (error) {
      await this.stop()
      throw error
    }
    const url = first.worker!.url!
    log.info({ workers: this.#slots.length, ms: Math.round(this.#clock.now() - began) }, `workers listen on ${url}`)
    void killStuck(this.#alive, this.#clock, log)
    return url
  }

  /** Replaces the workers one by one with workers that run what `load` returns now. The old ones drain. */
  reload(): Promise<void> {
    if (this.isStopping) return Promise.resolve()
    this.#reloadsAgain = this.#reload !== undefined
    this.#reload ??= this.#replaceAll().finally(() => {
      this.#reload = undefined
      if (this.#reloadsAgain) void this.reload()
    })
    return this.#reload
  }

  /** Drains all workers; resolves to 0 if all of them shut down cleanly, else 1. */
  async stop(): Promise<number> {
    this.#stopping.abort()
    for (const worker of this.#alive) worker.signal('SIGTERM')
    await Promise.all(Array.from(this.#alive, (worker) => worker.exited))
    this.#end(this.#exitCode)
    return this.ended
  }

  /** Kills all workers at once. */
  kill(): void {
    this.#stopping.abort()
    for (const worker of this.#alive) worker.signal('SIGKILL')
  }

  /** Starts a worker in a slot and waits until it listens. It replaces the slot's previous worker, if any. */
  async #fill(slot: Slot): Promise<Worker> {
    const program = this.#program
    const worker = this.#options.fork(slot.number, program)
    this.#alive.add(worker)
    void worker.exited.then((exit) => {
      this.#alive.delete(worker)
      if (this.isStopping && !isCleanExit(worker, exit)) this.#exitCode = 1
    })
    slot.isFilling = true
    try {
      await worker.listening
      slot.use(worker, program, this.#clock.now())
      this.#failedStarts = 0
      void worker.leaving.then(() => this.#onLeave(slot, worker))
      return worker
    } finally {
      slot.isFilling = false
    }
  }

  async #onLeave(slot: Slot, worker: Worker): Promise<void> {
    if (this.isStopping || slot.worker !== worker) return
    const livedMs = this.#clock.now() - slot.since
    slot.worker = undefined
    slot.failures = livedMs < stableMs ? slot.failures + 1 : 1
    this.#losses++
    void worker.exited.then((exit) =>
      this.#options.log.error({ worker: slot.number, workerPid: worker.pid }, `a worker ${describeExit(exit)}`),
    )
    await this.#refill(slot)
  }

  /** Starts a worker in the slot of one that exited, with a longer delay after each failure. */
  async #refill(slot: Slot): Promise<void> {
    for (;;) {
      await this.#clock.wait(this.#backoff(slot.failures), this.#stopping.signal)
      if (this.isStopping || slot.worker || slot.isFilling) return
      try {
        const { pid } = await this.#fill(slot)
        this.#options.log.info({ worker: slot.number, workerPid: pid }, 'a worker was replaced')
        if (slot.program !== this.#program) await this.#replace(slot)
        return
      } catch (error) {
        if (this.isStopping) return
        slot.failures++
        this.#failedStarts++
        this.#options.log.error({ worker: slot.number, failures: slot.failures }, (error as Error).message)
        if (this.#failedStarts >= maxFailedStarts * this.count && this.workers.length === 0) return this.#fail()
      }
    }
  }

  #fail(): void {
    this.#options.log.fatal(`no worker runs and ${this.#failedStarts} starts in a row have failed, exiting with code 1`)
    this.kill()
    this.#end(1)
  }

  async #replaceAll(): Promise<void> {
    const { load, log } = this.#options
    const before = this.#program
    let replaced = 0
    log.info('reloading')
    try {
      this.#program = await load()
      for (const slot of this.#slots) {
        await this.#replace(slot)
        if (this.isStopping) return
        replaced++
      }
      log.info({ workers: replaced }, 'reloaded')
    } catch (error) {
      if (this.isStopping) return
      if (replaced === 0) this.#program = before
      log.error({ workers: replaced }, `the reload failed, the other workers keep running: ${(error as Error).message}`)
    }
  }

  /** Starts a worker, then drains the previous one. An empty slot is left to `#refill`. */
  async #replace(slot: Slot): Promise<void> {
    const before = slot.worker
    if (!before || this.isStopping) return
    try {
      await this.#fill(slot)
    } catch (error) {
      if (!slot.worker) void this.#refill(slot) // it exited meanwhile
      throw error
    }
    before.signal('SIGTERM')
    await before.exited
  }
}

/** A worker that does not listen yet has nothing to drain, so SIGTERM may kill it. */
function isCleanExit({ url }: Worker, { code, signal }: Exit): boolean {
  return code === 0 || (signal === 'SIGTERM' && url === undefined)
}
