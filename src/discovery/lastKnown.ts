/** The operations that a `LastKnown` needs on its values. */
export interface ValueOperations<Value> {
  readonly isEmpty: (value: Value) => boolean
  readonly equals: (a: Value, b: Value) => boolean
  /** Combines the known and the reported value; where both have an entry, the reported one wins. */
  readonly merge: (known: Value, reported: Value) => Value
}

/**
 * The usual grace period in milliseconds. A registry that lost its data relearns every instance within one time to live
 * (15 s), and then needs some time to replicate to its own servers.
 */
export const defaultGraceMs = 30_000

/**
 * The last known good value of a registry.
 *
 * A registry that has just come back, or that suddenly reports nothing, is more often wrong than right. So a failure
 * changes nothing. After an empty response, a failure or a restart, the known value is kept, merged with what is
 * reported, for `graceMs` milliseconds. After that the reported value replaces it.
 */
export class LastKnown<Value> {
  readonly #operations: ValueOperations<Value>
  readonly #graceMs: number
  #held: { readonly value: Value } | undefined
  #graceUntil: number | undefined
  #suspect = false

  constructor(operations: ValueOperations<Value>, graceMs: number) {
    this.#operations = operations
    this.#graceMs = graceMs
  }

  /** Whether the registry has responded at least once. */
  get isKnown(): boolean {
    return this.#held !== undefined
  }

  /** The current value; undefined before the first response. */
  get value(): Value | undefined {
    return this.#held?.value
  }

  /** Milliseconds until the grace period ends; undefined outside of one. */
  graceLeftMs(now: number): number | undefined {
    return this.#graceUntil === undefined ? undefined : Math.max(0, this.#graceUntil - now)
  }

  /** Records a failed query: the next response starts a new grace period. */
  fail(): void {
    this.#suspect = true
    this.#graceUntil = undefined
  }

  /** Takes a response; `restarted` when the registry lost its data. Returns whether the value changed. */
  update(reported: Value, now: number, { restarted = false }: { readonly restarted?: boolean } = {}): boolean {
    const suspect = this.#suspect || restarted
    this.#suspect = false
    return this.#hold(this.#judge(reported, now, suspect))
  }

  #judge(reported: Value, now: number, suspect: boolean): Value {
    const { isEmpty, merge } = this.#operations
    if (!this.#held || isEmpty(this.#held.value)) return reported
    if (suspect || isEmpty(reported)) this.#graceUntil ??= now + this.#graceMs
    if (this.#graceUntil !== undefined && now < this.#graceUntil) return merge(this.#held.value, reported)
    this.#graceUntil = undefined
    return reported
  }

  #hold(value: Value): boolean {
    if (this.#held && this.#operations.equals(this.#held.value, value)) return false
    this.#held = { value }
    return true
  }
}
