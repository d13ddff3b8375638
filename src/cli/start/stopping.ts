import { complain, describeFailure } from '../failure.ts'
import type { LoadedService } from '../load-service.ts'

/**
 * Closes a service on request, or after an uncaught exception or an unhandled rejection.
 *
 * The service itself limits how long its `close()` takes.
 */
export class Stopping {
  /** 0 after a clean shutdown, else 1. */
  readonly exitCode: Promise<number>
  readonly #service: LoadedService
  readonly #onBegin: () => void
  #resolve!: (exitCode: number) => void
  #hasBegun = false
  #hasFailed = false

  constructor(service: LoadedService, onBegin: () => void = () => {}) {
    this.#service = service
    this.#onBegin = onBegin
    this.exitCode = new Promise((resolve) => (this.#resolve = resolve))
    process.on('uncaughtException', (error, origin) => this.#onUncaught(error, origin))
  }

  /** Whether the service is closing. */
  get hasBegun(): boolean {
    return this.#hasBegun
  }

  /** Closes the service. Later calls do nothing. */
  begin(): void {
    if (this.#hasBegun) return
    this.#hasBegun = true
    this.#onBegin()
    this.#service.close().then(
      () => this.#resolve(this.#hasFailed ? 1 : 0),
      (error: unknown) => {
        complain(describeFailure(error))
        this.#resolve(1)
      },
    )
  }

  /** Node reports unhandled rejections here, too. Other requests in flight may be fine, so they are finished. */
  #onUncaught(err: Error, origin: string): void {
    const { log, name } = this.#service
    if (log) log.fatal({ err }, origin === 'unhandledRejection' ? unhandled : 'uncaught exception')
    else complain(`${name}: ${err.stack ?? String(err)}`)
    this.#hasFailed = true
    this.begin()
  }
}

const unhandled = 'unhandled rejection: a promise failed that nothing awaits. Await it, or give it to waitUntil'

/** Calls `begin` on the first SIGTERM or SIGINT. A second signal calls `force` and exits with code 1. */
export function stopOnSignals(name: string, begin: () => void, force: () => void = () => {}): void {
  let first: NodeJS.Signals | undefined
  let firstAt = 0
  const onSignal = (signal: NodeJS.Signals): void => {
    const now = performance.now()
    if (first === undefined) {
      first = signal
      firstAt = now
      return begin()
    }
    if (signal === 'SIGINT' && first === signal && now - firstAt < duplicateMs) return
    force()
    complain(`${name}: received a second signal, ${signal}, during shutdown; exiting now`)
    process.exit(1)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, onSignal)
}

/** In milliseconds. Under npm, one Ctrl-C arrives twice: from the terminal, and forwarded by npm. */
const duplicateMs = 100
