import { openLog } from '../../log/open.ts'
import { createLogger, type Logger } from '../../log/logger.ts'
import { openDiscovery } from '../../service/parts/discovery/discovery.ts'
import { logFileOf } from '../../service/parts/logging/logging.ts'
import type { Registration } from '../../service/parts/workers/messages.ts'

/** A service that several processes run, in the registry once, and the log of their primary. */
export class SharedRegistration {
  log: Logger = createLogger({ name: 'tricube', level: 'info', pid: process.pid })
  readonly #isReady: () => Promise<boolean>
  readonly #opened: Promise<void>
  #open!: () => void
  #told = ''
  #turn: Promise<void> = Promise.resolve()
  #closeLog: () => void = () => {}
  #leave: () => Promise<void> = () => Promise.resolve()
  #hasLeft = false

  constructor(isReady: () => Promise<boolean>) {
    this.#isReady = isReady
    this.#opened = new Promise((resolve) => (this.#open = resolve))
  }

  /** Registers what the first worker tells, and again when one with another configuration tells something else. */
  use(registration: Registration): void {
    const told = JSON.stringify(registration)
    if (told === this.#told || this.#hasLeft) return
    this.#told = told
    this.#turn = this.#turn.then(() => this.#register(registration)).catch((err: unknown) => this.log.error({ err }))
  }

  /** All workers serve: registered before, it would be so as not ready. */
  open(): void {
    this.#open()
  }

  /** Takes the service out of the registry, for good. */
  async leave(): Promise<void> {
    this.#hasLeft = true
    this.#open()
    await this.#turn
    await this.#leave()
  }

  async #register({ instance, config }: Registration): Promise<void> {
    const { logLevel: level, logFormat: format } = config
    const file = logFileOf(config, 0)
    const { log, close } = await openLog({ name: instance.service, level, format, file, pid: process.pid })
    this.#closeLog()
    this.#closeLog = close
    this.log = log
    await this.#opened
    if (this.#hasLeft) return
    await this.#leave()
    const { registry } = await openDiscovery(config, log)
    this.#leave = await registry.register(instance, this.#isReady)
  }
}
