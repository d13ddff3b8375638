/** The trace that an observation belongs to. */
export interface Traced {
  /** 32 hexadecimal digits. */
  readonly traceId: string
}

/** An example of a bucket's observations, whose trace shows what a slow request did. */
export interface Exemplar {
  readonly traceId: string
  readonly value: number
  /** The time in milliseconds since 1970. */
  readonly at: number
}

/** How many milliseconds an exemplar stays, so that a busy histogram makes one per second instead of one per request. */
const exemplarMs = 1000

/** Counts values by size: durations in seconds, sizes in bytes. */
export class Histogram {
  /** The upper limits of the buckets, ascending; one more bucket without a limit follows. */
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

  /** The number of values in each bucket; the last counts those above all bounds. */
  get counts(): readonly number[] {
    return this.#counts
  }

  /** The exemplar of each bucket that has one. */
  get exemplars(): readonly (Exemplar | undefined)[] {
    return this.#exemplars
  }

  get sum(): number {
    return this.#sum
  }

  /**
   * Counts a value; `traced` is the trace that shows more of it.
   *
   * @throws {RangeError} when it is not a number
   */
  observe(value: number, traced?: Traced): void {
    if (Number.isNaN(value)) throw new RangeError('a histogram counts numbers, got NaN')
    const { bounds } = this
    let bucket = 0
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++
    this.#counts[bucket]!++
    this.#sum += value
    if (traced) this.#keep(bucket, value, traced)
  }

  #keep(bucket: number, value: number, traced: Traced): void {
    const at = Date.now()
    const latest = this.#exemplars[bucket]
    if (latest && at - latest.at < exemplarMs) return
    this.#exemplars[bucket] = { traceId: traced.traceId, value, at } // the id's text is made on first read
  }
}

function checkBounds(bounds: readonly number[]): void {
  const ascending = bounds.every((bound, i) => Number.isFinite(bound) && (i === 0 || bound > bounds[i - 1]!))
  if (bounds.length === 0 || !ascending) {
    throw new TypeError(`the buckets of a histogram must be finite and ascending, got ${JSON.stringify(bounds)}`)
  }
}
