/** Works for a request, and stops when nobody waits for its answer any more. */
export interface Cancellable {
  cancel(): void
}

/**
 * Tells what works for a request that it is over before its answer.
 *
 * The same as an `AbortSignal`, which it makes for whoever wants one. Where a request makes two calls, a signal that
 * these listen to is a quarter of all that the request costs, most of it in the garbage collector.
 */
export class Cancellation {
  /** Why it is over; undefined until then. */
  reason: Error | undefined
  readonly #working: Cancellable[] = []
  #controller: AbortController | undefined

  /** Whether it is over. */
  get isOver(): boolean {
    return this.reason !== undefined
  }

  /** Aborts with the same reason. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.isOver) this.#controller.abort(this.reason)
    }
    return this.#controller.signal
  }

  /** Has it cancelled when this is over; not at once, when it is over already. */
  add(work: Cancellable): void {
    this.#working.push(work)
  }

  /** It is done. */
  remove(work: Cancellable): void {
    const index = this.#working.indexOf(work)
    if (index < 0) return
    const last = this.#working.pop()!
    if (last !== work) this.#working[index] = last
  }

  /** It is over, once. */
  end(reason: Error): void {
    if (this.isOver) return
    this.reason = reason
    this.#controller?.abort(reason)
    for (const work of [...this.#working]) work.cancel()
  }
}
