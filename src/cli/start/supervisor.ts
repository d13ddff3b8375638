import { systemClock, type Clock } from '../../time/clock.ts'
import type { Logger } from '../../log/logger.ts'
import { fullJitter, type Backoff } from '../../time/backoff.ts'
import { killStuck } from './killStuck.ts'
import { describeExit, Slot, type Exit, type Worker } from './worker.ts'

/** What workers are made of and how they are watched. */
export interface SupervisorOptions {
  readonly count: number
  /** Makes what workers run, anew for each reload. */
  readonly load: () => Promise<string>
  /** Starts the process in the place of this number, from 1. */
  readonly fork: (number: number, program: string) => Worker
  readonly log: Pick<Logger, 'info' | 'warn' | 'error' | 'fatal'>
  readonly clock?: Clock
  readonly backoff?: Backoff
}

/** A worker that lived so many milliseconds did not die of its start. */
const stableMs = 30_000
/** So many starts in a row that fail in each place, while nobody serves: given up, whoever started us may know better. */
const mostFailedStarts = 5
/** Keeps a number of workers running: starts them, replaces those that die, and all of them, one by one, at a reload. */
export class Supervisor {
  /** Resolves to the exit code once it has stopped, or given up. */
  readonly ended: Promise<number>
  readonly #options: SupervisorOptions
  readonly #clock: Clock
  readonly #backoff: Backoff
  readonly #slots: readonly Slot[]
  /** Every process that has not exited, also those that drain. */
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

  /** How many there should be. */
  get count(): number {
    return this.#slots.length
  }

  /** Those that serve. */
  get workers(): readonly Worker[] {
    return this.#slots.flatMap(({ worker }) => worker ?? [])
  }

  get isStopping(): boolean {
    return this.#stopping.signal.aborted
  }

  /** How many workers ended that nobody had told to. */
  get losses(): number {
    return this.#losses
  }

  /**
   * Starts all workers, the first of them alone, so that what is wrong with all is found and said once; resolves to the URL.
   *
   * @throws {StartError} when one ends before it listens; the others are stopped
   */
  async start(): Promise<string> {
    const { load, log } = this.#options
    this.#program = await load()
    const [first, ...others] = this.#slots as [Slot, ...Slot[]]
    const began = this.#clock.now()
    try {
      await this.#fill(first)
      if (!this.isStopping) await Promise.all(others.map((slot) => this.#fill(slot)))
    } catch (error) {
      await this.stop()
      throw error
    }
    const url = first.worker!.url!
    log.info({ workers: this.#slots.length, ms: Math.round(this.#clock.now() - began) }, `workers listen on ${url}`)
    void killStuck(this.#alive, this.#clock, log)
    return url
  }

  /** Puts new workers, with what `load` makes now, in the place of all, one by one; those of before drain. */
  reload(): Promise<void> {
    if (this.isStopping) return Promise.resolve()
    this.#reloadsAgain = this.#reload !== undefined
    this.#reload ??= this.#replaceAll().finally(() => {
      this.#reload = undefined
      if (this.#reloadsAgain) void this.reload()
    })
    return this.#reload
  }

  /** Has all workers drain; resolves to 0 when each of them ended well, else 1. */
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

  /** Starts a worker in a place and waits until it listens; then whoever was there is its successor's business no more. */
  async #fill(slot: Slot): Promise<Worker> {
    const program = this.#program
    const worker = this.#options.fork(slot.number, program)
    this.#alive.add(worker)
    void worker.exited.then((exit) => {
      this.#alive.delete(worker)
      if (this.isStopping && !endedWell(worker, exit)) this.#exitCode = 1
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

  /** Starts another in the place of one that was lost, later the more often that happens. */
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
        if (this.#failedStarts >= mostFailedStarts * this.count && this.workers.length === 0) return this.#giveUp()
      }
    }
  }

  #giveUp(): void {
    this.#options.log.fatal(`no worker is left, and ${this.#failedStarts} in a row did not start: given up`)
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
      log.error({ workers: replaced }, `the reload is given up, the other workers go on: ${(error as Error).message}`)
    }
  }

  /** Starts a worker, then has the one before it drain; a place that is empty is filled by `#refill`. */
  async #replace(slot: Slot): Promise<void> {
    const before = slot.worker
    if (!before || this.isStopping) return
    try {
      await this.#fill(slot)
    } catch (error) {
      if (!slot.worker) void this.#refill(slot) // it died meanwhile
      throw error
    }
    before.signal('SIGTERM')
    await before.exited
  }
}

/** One that does not listen yet has nothing to drain: the signal itself ends it. */
function endedWell({ url }: Worker, { code, signal }: Exit): boolean {
  return code === 0 || (signal === 'SIGTERM' && url === undefined)
}
