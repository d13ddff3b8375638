interface Waiting<T> {
  readonly one: T
  readonly since: number
}

/** A queue whose items are handled in order, within a time budget. */
export class Paced<T> {
  readonly #act: (one: T) => void
  readonly #now: () => number
  /** Items before `#done` are done. */
  #waiting: Waiting<T>[] = []
  #done = 0

  /** `now` returns milliseconds; default: `performance.now`. */
  constructor(act: (one: T) => void, now: () => number = () => performance.now()) {
    this.#act = act
    this.#now = now
  }

  /** The number of waiting items. */
  get size(): number {
    return this.#waiting.length - this.#done
  }

  /** How long the first item has waited, in milliseconds; 0 when there is none. */
  get waitedMs(): number {
    const first = this.#waiting[this.#done]
    return first ? this.#now() - first.since : 0
  }

  add(one: T): void {
    this.#waiting.push({ one, since: this.#now() })
  }

  /** Handles one item, and more until the budget in milliseconds is used up. */
  run(forMs: number): void {
    if (this.size === 0) return
    const end = this.#now() + forMs
    do this.#act(this.#waiting[this.#done++]!.one)
    while (this.size > 0 && this.#now() < end)
    if (this.#done * 2 < this.#waiting.length) return
    this.#waiting = this.#waiting.slice(this.#done)
    this.#done = 0
  }
}
