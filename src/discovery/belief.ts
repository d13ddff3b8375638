/** What there is to know about the values of a `Belief`. */
export interface Kind<Value> {
  readonly isEmpty: (value: Value) => boolean
  readonly equals: (a: Value, b: Value) => boolean
  /** What was known and what is told now, together; what is told now wins. */
  readonly merge: (known: Value, told: Value) => Value
}

/**
 * How long an answer is doubted, in milliseconds: a registry that has lost its memory knows every instance again within
 * one time to live of theirs, 15 s, and needs some more to tell all of its own servers.
 */
export const usualDoubtMs = 30_000

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
  #doubtUntil: number | undefined
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
    return this.#doubtUntil === undefined ? undefined : Math.max(0, this.#doubtUntil - now)
  }

  /** The registry could not be asked: what it says next is to be doubted, from then on. */
  fail(): void {
    this.#suspect = true
    this.#doubtUntil = undefined
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
    if (suspect || isEmpty(told)) this.#doubtUntil ??= now + this.#doubtMs
    if (this.#doubtUntil !== undefined && now < this.#doubtUntil) return merge(this.#held.value, told)
    this.#doubtUntil = undefined
    return told
  }

  #hold(value: Value): boolean {
    if (this.#held && this.#kind.equals(this.#held.value, value)) return false
    this.#held = { value }
    return true
  }
}
