/** What there is to know about the values of a `Belief`. */
export interface Kind<Value> {
  readonly isEmpty: (value: Value) => boolean
  readonly equals: (a: Value, b: Value) => boolean
  /** What was known and what is told now, together; what is told now wins. */
  readonly merge: (known: Value, told: Value) => Value
}

/**
 * What a registry's answers are held to mean.
 *
 * A registry that has just come back, or that says all of a sudden that nothing is there, is more often wrong than
 * right. So a failure changes nothing; and after an empty answer, a failure or a restart, what was known is kept,
 * together with what is told, for `doubtMs` milliseconds. What is told then is believed.
 */
export class Belief<Value> {
  readonly #kind: Kind<Value>
  readonly #doubtMs: number
  #held: { readonly value: Value } | undefined
  #doubt: { readonly known: Value; readonly until: number; suspect: boolean } | undefined
  #suspect = false

  constructor(kind: Kind<Value>, doubtMs: number) {
    this.#kind = kind
    this.#doubtMs = doubtMs
  }

  /** Whether there has been an answer. */
  get isKnown(): boolean {
    return this.#held !== undefined
  }

  /** What is held to be true; undefined before the first answer. */
  get value(): Value | undefined {
    return this.#held?.value
  }

  /** Milliseconds until a second look settles what is doubted; undefined when nothing is. */
  doubtLeftMs(now: number): number | undefined {
    return this.#doubt && Math.max(0, this.#doubt.until - now)
  }

  /** The registry could not be asked: what it says next is to be doubted, from then on. */
  fail(): void {
    this.#suspect = true
    this.#doubt = undefined
  }

  /** Takes an answer; `restarted` when the registry has lost its memory. True when what is held has changed. */
  answer(told: Value, now: number, { restarted = false }: { readonly restarted?: boolean } = {}): boolean {
    const suspect = this.#suspect || restarted
    this.#suspect = false
    return this.#hold(this.#judge(told, now, suspect))
  }

  #judge(told: Value, now: number, suspect: boolean): Value {
    const { isEmpty, merge } = this.#kind
    if (!this.#held || isEmpty(this.#held.value)) return told
    if (!this.#doubt && (suspect || isEmpty(told))) {
      this.#doubt = { known: this.#held.value, until: now + this.#doubtMs, suspect }
    }
    if (!this.#doubt) return told
    this.#doubt.suspect ||= suspect
    const isSettled = now >= this.#doubt.until || !(this.#doubt.suspect || isEmpty(told))
    if (!isSettled) return merge(this.#doubt.known, told)
    this.#doubt = undefined
    return told
  }

  #hold(value: Value): boolean {
    if (this.#held && this.#kind.equals(this.#held.value, value)) return false
    this.#held = { value }
    return true
  }
}
