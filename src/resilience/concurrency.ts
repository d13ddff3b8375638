/** The statistics of an operation's requests. */
interface OperationStats {
  /** The mean duration in milliseconds while the loop has time; 0 until that is known. */
  usualMs: number
  /** The number of requests in that mean, up to a maximum. */
  known: number
  /** The requests that ended since the last observation, and those of them with a response. */
  ended: number
  responses: number
  responseMs: number
}

/** What was seen of the loop since the last time. */
interface Observation {
  readonly elapsedMs: number
  /** The share of the new value in the limit, from 0 to 1. */
  readonly weight: number
  /** Whether the loop had no idle moment. */
  readonly isBusy: boolean
  /** How long a request may wait. */
  readonly waitMs: number
}

/** The mean covers about this many requests, so that it follows changes. */
const mostKnown = 1000
/** The number that may always be in flight, even if the loop is busy: fewer is no overload. */
const fewest = 50

/**
 * Limits requests in flight to the number at which none waits longer than it should.
 *
 * By Little's law (https://doi.org/10.1287/opre.9.3.383) that is the rate of completions times the time that a request may
 * take: its usual time while the loop is idle, plus the wait. A handler that waits for I/O gets all of that time. Only the
 * rest is a queue, be it of turns, of statements in a lane, or of responses.
 *
 * TCP's Vegas and BBR size their windows by it. Netflix' `Gradient2Limit`
 * (https://github.com/Netflix/concurrency-limits) divides by the current latency. This multiplies by the completion rate,
 * which needs no gradual steps.
 *
 * The usual time of an operation is learned between observations with an idle moment. An operation without one gets only
 * the wait: if that is too little, the loop is soon idle, and its time is learned.
 */
export class ConcurrencyLimit {
  readonly #statsByOperation = new Map<string, OperationStats>()
  #limit = 0

  /** The limit; it only applies while the loop is saturated. */
  get limit(): number {
    return Math.max(fewest, this.#limit)
  }

  /** Records the end of a request: its response after this many milliseconds, or undefined when its caller hung up. */
  ended(operation: string, responseMs: number | undefined): void {
    let stats = this.#statsByOperation.get(operation)
    if (!stats)
      this.#statsByOperation.set(operation, (stats = { usualMs: 0, known: 0, ended: 0, responses: 0, responseMs: 0 }))
    stats.ended += 1
    if (responseMs === undefined) return
    stats.responses += 1
    stats.responseMs += responseMs
  }

  /** Updates the limit from the requests that have ended since the last time. */
  look({ elapsedMs, weight, isBusy, waitMs }: Observation): void {
    let stayMs = 0
    for (const stats of this.#statsByOperation.values()) {
      if (stats.ended === 0) continue
      if (!isBusy) learn(stats)
      stayMs += stats.ended * (stats.usualMs + waitMs)
      stats.ended = stats.responses = stats.responseMs = 0
    }
    this.#limit += (stayMs / elapsedMs - this.#limit) * weight
  }
}

function learn(stats: OperationStats): void {
  if (stats.responses === 0) return
  stats.known = Math.min(mostKnown, stats.known + stats.responses)
  const weight = Math.min(1, stats.responses / stats.known)
  stats.usualMs += (stats.responseMs / stats.responses - stats.usualMs) * weight
}
