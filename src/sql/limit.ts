import type { RequestScope } from './api.ts'
import type { Observer } from './observer.ts'
import type { Scope } from './scope.ts'
import { tooLong } from './statement.ts'

/** The time and the signal that a whole transaction has; the scope of its statements. */
export class Limit implements Scope {
  readonly request: RequestScope | undefined
  readonly observer: Observer | undefined
  /** Aborted once the limit is over, so that statements under way are given up. */
  signal: AbortSignal | undefined
  readonly #timeoutMs: number | undefined
  readonly #deadline: number
  readonly #given: AbortSignal | undefined
  #onOver: ((reason: unknown) => void) | undefined

  constructor({ signal, timeoutMs, request, observer }: Scope) {
    this.request = request
    this.observer = observer
    this.#given = signal
    this.#timeoutMs = timeoutMs
    this.#deadline = timeoutMs === undefined ? Infinity : performance.now() + timeoutMs
  }

  get isOver(): boolean {
    return this.signal !== undefined
  }

  get reason(): unknown {
    return this.signal?.reason
  }

  /** Throws the reason when it is over, without asking a request for its signal. */
  assert(): void {
    this.signal?.throwIfAborted()
    this.#given?.throwIfAborted()
    if (performance.now() >= this.#deadline) throw tooLong(this.#timeoutMs!)
  }

  sweep(now: number): void {
    if (this.signal) return
    const given = this.#given ?? this.request?.signal
    if (given?.aborted) this.signal = given
    else if (now >= this.#deadline) this.signal = AbortSignal.abort(tooLong(this.#timeoutMs!))
    if (this.signal) this.#onOver?.(this.reason)
  }

  /** The promise's result, unless the limit is over first: then rejects with its reason. */
  race<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#onOver = reject
      if (this.isOver) reject(this.reason)
      promise.then(resolve, reject)
    })
  }
}
