/** The trace that an observation belongs to. */
export interface Traced {
  /** 32 hexadecimal digits. */
  readonly traceId: string
}

/** One observation that stands for those of its bucket: where to look for what a slow request did. */
export interface Exemplar {
  readonly traceId: string
  readonly value: number
  /** Milliseconds since 1970. */
  readonly at: number
}

/** An exemplar stays this many milliseconds, so that a busy histogram makes one a second and not one a request. */
const exemplarMs = 1000

/** How often values were at most so large: durations in seconds, sizes in bytes. */
export class Histogram {
  /** Upper limits of the buckets, ascending; one more, without limit, comes after them. */
  readonly bounds: readonly number[]
  readonly #counts: number[]
  readonly #exemplars: (Exemplar | undefined)[] = []
  #sum = 0

  /** @throws {TypeError} when the bounds are not finite and ascending */
  constructor(bounds: readonly number[]) {
    checkBounds(bounds)
    this.bounds = bounds
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0)
  }

  /** How many values each bucket has; the last one those above all bounds. */
  get counts(): readonly number[] {
    return this.#counts
  }

  /** An example of each bucket, as far as there is one. */
  get exemplars(): readonly (Exemplar | undefined)[] {
    return this.#exemplars
  }

  get sum(): number {
    return this.#sum
  }

  /**
   * Counts a value; `traced` says which trace shows more of it.
   *
   * @throws {RangeError} when it is not a number
   */
  observe(value: number, traced?: Traced): void {
    if (Number.isNaN(value)) throw new RangeError('a histogram counts numbers, not NaN')
    const { bounds } = this
    let bucket = 0
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++
    this.#counts[bucket]!++
    this.#sum += value
    if (traced) this.#keep(bucket, value, traced)
  }

  #keep(bucket: number, value: number, traced: Traced): void {
    const at = Date.now()
    const kept = this.#exemplars[bucket]
    if (kept && at - kept.at < exemplarMs) return
    this.#exemplars[bucket] = { traceId: traced.traceId, value, at } // its text is made when it is first read
  }
}

function checkBounds(bounds: readonly number[]): void {
  const ascending = bounds.every((bound, i) => Number.isFinite(bound) && (i === 0 || bound > bounds[i - 1]!))
  if (bounds.length === 0 || !ascending) {
    throw new TypeError(`a histogram's buckets are finite numbers in ascending order, not ${JSON.stringify(bounds)}`)
  }
}
