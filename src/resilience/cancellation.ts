/** Work for a request that stops when its response is no longer needed. */
export interface Cancellable {
  /** The name of what has not responded to it, for messages. */
  readonly missing?: string | undefined
  cancel(): void
}

/**
 * Cancels the work for a request that ends before its response.
 *
 * It is a cheaper `AbortSignal`, and creates one on demand. In a request with two calls, a signal with their listeners
 * makes up a quarter of the cost, most of it in the garbage collector.
 */
export class Cancellation {
  /** The reason; undefined until it is cancelled. */
  reason: Error | undefined
  readonly #working: Cancellable[] = []
  #lastDone: Cancellable | undefined
  #controller: AbortController | undefined

  /** Whether it is cancelled. */
  get isOver(): boolean {
    return this.reason !== undefined
  }

  /** A signal that aborts with the same reason. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.isOver) this.#controller.abort(this.reason)
    }
    return this.#controller.signal
  }

  /** The names of what has not responded, to work in progress or to the work that was done last. */
  get missing(): readonly string[] {
    return [...this.#working, this.#lastDone].flatMap((work) => work?.missing ?? [])
  }

  /** Registers work to cancel. When this is cancelled already, nothing happens. */
  add(work: Cancellable): void {
    this.#working.push(work)
  }

  /** Removes work that is done. */
  remove(work: Cancellable): void {
    this.#lastDone = work
    const index = this.#working.indexOf(work)
    if (index < 0) return
    const last = this.#working.pop()!
    if (last !== work) this.#working[index] = last
  }

  /** Cancels, once. */
  end(reason: Error): void {
    if (this.isOver) return
    this.reason = reason
    this.#controller?.abort(reason)
    for (const work of [...this.#working]) work.cancel()
  }
}
