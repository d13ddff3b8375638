interface Waiting<T> {
  readonly one: T
  readonly since: number
}

/** What is done in the order in which it came, as far as there is time for it. */
export class Paced<T> {
  readonly #act: (one: T) => void
  readonly #now: () => number
  /** Those before `#done` are done. */
  #waiting: Waiting<T>[] = []
  #done = 0

  /** `now` counts milliseconds; default: `performance.now`. */
  constructor(act: (one: T) => void, now: () => number = () => performance.now()) {
    this.#act = act
    this.#now = now
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting.length - this.#done
  }

  /** Milliseconds for which the first has waited; 0 when there is none. */
  get waitedMs(): number {
    const first = this.#waiting[this.#done]
    return first ? this.#now() - first.since : 0
  }

  add(one: T): void {
    this.#waiting.push({ one, since: this.#now() })
  }

  /** Does one, and more until so many milliseconds are over. */
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
