import { describeFailure } from './failure.ts'
import type { LoadedService } from './load-service.ts'

/**
 * Closes a service at SIGTERM or SIGINT, or once there was an exception or a rejection that nobody caught; a second
 * signal ends the process at once. How long `close()` may take is the service's own matter.
 */
export class Stopping {
  /** 0 when it was closed as it should be at a signal, else 1. */
  readonly exitCode: Promise<number>
  readonly #service: LoadedService
  #resolve!: (exitCode: number) => void
  #hasBegun = false
  #hasFailed = false
  #signal: NodeJS.Signals | undefined
  #signalledAt = 0

  constructor(service: LoadedService) {
    this.#service = service
    this.exitCode = new Promise((resolve) => (this.#resolve = resolve))
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => this.#onSignal(signal))
    process.on('uncaughtException', (error, origin) => this.#onUncaught(error, origin))
  }

  /** Whether it is closing. */
  get hasBegun(): boolean {
    return this.#hasBegun
  }

  #onSignal(signal: NodeJS.Signals): void {
    const now = performance.now()
    if (this.#signal === undefined) {
      this.#signal = signal
      this.#signalledAt = now
      this.#begin()
    } else if (signal !== 'SIGINT' || now - this.#signalledAt > sameKeyMs) {
      process.stderr.write(`${this.#service.name}: a second signal, ${signal}, while stopping\n`)
      process.exit(1)
    }
  }

  /** Node tells rejections here, too. What is in flight may well be fine, so it is finished. */
  #onUncaught(err: Error, origin: string): void {
    const { log, name } = this.#service
    if (log) log.fatal({ err }, origin === 'unhandledRejection' ? 'unhandled rejection' : 'uncaught exception')
    else process.stderr.write(`${name}: ${err.stack ?? String(err)}\n`)
    this.#hasFailed = true
    this.#begin()
  }

  #begin(): void {
    if (this.#hasBegun) return
    this.#hasBegun = true
    this.#service.close().then(
      () => this.#resolve(this.#hasFailed ? 1 : 0),
      (error: unknown) => {
        process.stderr.write(`${describeFailure(error)}\n`)
        this.#resolve(1)
      },
    )
  }
}

/** One Ctrl-C comes twice when npm has started us: from the terminal, and passed on by npm. In milliseconds. */
const sameKeyMs = 100
