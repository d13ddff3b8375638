import { complain, describeFailure } from '../failure.ts'
import type { LoadedService } from '../load-service.ts'

/**
 * Closes a service when it is told to, or once there was an exception or a rejection that nobody caught. How long `close()`
 * may take is the service's own matter.
 */
export class Stopping {
  /** 0 when it was closed as it should be, else 1. */
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

  /** Whether it is closing. */
  get hasBegun(): boolean {
    return this.#hasBegun
  }

  /** Closes it; once more changes nothing. */
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

  /** Node tells rejections here, too. What is in flight may well be fine, so it is finished. */
  #onUncaught(err: Error, origin: string): void {
    const { log, name } = this.#service
    if (log) log.fatal({ err }, origin === 'unhandledRejection' ? 'unhandled rejection' : 'uncaught exception')
    else complain(`${name}: ${err.stack ?? String(err)}`)
    this.#hasFailed = true
    this.begin()
  }
}

/** SIGTERM or SIGINT begins to stop; a second one ends the process at once, after `force`. */
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
    if (signal === 'SIGINT' && first === signal && now - firstAt < sameKeyMs) return
    force()
    complain(`${name}: a second signal, ${signal}, while stopping`)
    process.exit(1)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, onSignal)
}

/** One Ctrl-C comes twice when npm has started us: from the terminal, and passed on by npm. In milliseconds. */
const sameKeyMs = 100
