import { openLog } from '../../log/open.ts'
import { createLogger, type Logger } from '../../log/logger.ts'
import { openDiscovery } from '../../service/parts/discovery/discovery.ts'
import { logFileOf } from '../../service/parts/logging/logging.ts'
import type { Registration } from '../../service/parts/workers/messages.ts'

/** The registration that all workers of a service share, and the log of their primary. */
export class SharedRegistration {
  log: Logger = createLogger({ name: 'tricube', level: 'info', pid: process.pid })
  readonly #isReady: () => Promise<boolean>
  readonly #opened: Promise<void>
  #open!: () => void
  #current = ''
  #turn: Promise<void> = Promise.resolve()
  #closeLog: () => void = () => {}
  #deregister: () => Promise<void> = () => Promise.resolve()
  #isClosed = false

  constructor(isReady: () => Promise<boolean>) {
    this.#isReady = isReady
    this.#opened = new Promise((resolve) => (this.#open = resolve))
  }

  /** Registers the service as the first worker describes it, and again when a worker describes it differently. */
  use(registration: Registration): void {
    const json = JSON.stringify(registration)
    if (json === this.#current || this.#isClosed) return
    this.#current = json
    this.#turn = this.#turn.then(() => this.#register(registration)).catch((err: unknown) => this.log.error({ err }))
  }

  /** Allows the registration. Called when all workers serve: before, it would be registered as not ready. */
  open(): void {
    this.#open()
  }

  /** Deregisters the service and ignores later calls of `use`. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#open()
    await this.#turn
    await this.#deregister()
  }

  async #register({ instance, config }: Registration): Promise<void> {
    const { logLevel: level, logFormat: format, logStream: stream } = config
    const file = logFileOf(config, 0)
    const { log, close } = await openLog({ name: instance.service, level, format, file, stream, pid: process.pid })
    this.#closeLog()
    this.#closeLog = close
    this.log = log
    await this.#opened
    if (this.#isClosed) return
    await this.#deregister()
    const { registry } = await openDiscovery(config, log)
    this.#deregister = await registry.register(instance, this.#isReady)
  }
}
