/** What is known of an operation's requests. */
interface Stay {
  /** Milliseconds that one takes while the loop has time; 0 until that is known. */
  usualMs: number
  /** Of how many requests that is the mean, and at most. */
  known: number
  /** Those that have ended since the last look, and those of them that were answered. */
  ended: number
  answered: number
  answeredMs: number
}

/** The usual time is the mean of about so many requests, so that it follows what others do to it. */
const mostKnown = 1000
/** So few may always be in flight, whatever keeps the loop busy: a caller or two that are no overload have as many. */
const fewest = 50

/**
 * How many requests are in flight when each of them waits for no longer than it should.
 *
 * By Little's law (https://doi.org/10.1287/opre.9.3.383) that is those that end in a second times the seconds that they may
 * take: what they take while the loop has time, and the wait. A handler that waits for others is given all of that time; only
 * what comes on top is a queue, whether that is of turns, of statements in a lane, or of answers. TCP's Vegas and BBR size
 * their windows by it, and Netflix' `Gradient2Limit` (https://github.com/Netflix/concurrency-limits) the requests of a server:
 * it divides by the time that they take now, where this multiplies with the rate at which they end, which needs no steps.
 *
 * What an operation usually takes is learned between looks at the loop that found an idle moment. Of one that was never seen
 * then, nothing is known, and it is given the wait alone: if that is too little, the loop is soon idle, and it is seen.
 */
export class ConcurrencyLimit {
  readonly #stays = new Map<string, Stay>()
  #limit = 0

  /** So many may be in flight; of use only while the loop is saturated. */
  get limit(): number {
    return Math.max(fewest, this.#limit)
  }

  /** A request of this operation has ended: answered so many milliseconds after it came, or its caller has hung up. */
  ended(operation: string, answeredMs: number | undefined): void {
    let stay = this.#stays.get(operation)
    if (!stay) this.#stays.set(operation, (stay = { usualMs: 0, known: 0, ended: 0, answered: 0, answeredMs: 0 }))
    stay.ended += 1
    if (answeredMs === undefined) return
    stay.answered += 1
    stay.answeredMs += answeredMs
  }

  /**
   * What has ended did so within `elapsedMs`, in which the loop was busy or not, and may each have waited for `waitMs`. What
   * that gives has so much `weight`, from 0 to 1, beside the limit until now.
   */
  look(elapsedMs: number, weight: number, isBusy: boolean, waitMs: number): void {
    let stayMs = 0
    for (const stay of this.#stays.values()) {
      if (stay.ended === 0) continue
      if (!isBusy) learn(stay)
      stayMs += stay.ended * (stay.usualMs + waitMs)
      stay.ended = stay.answered = stay.answeredMs = 0
    }
    this.#limit += (stayMs / elapsedMs - this.#limit) * weight
  }
}

function learn(stay: Stay): void {
  if (stay.answered === 0) return
  stay.known = Math.min(mostKnown, stay.known + stay.answered)
  const weight = Math.min(1, stay.answered / stay.known)
  stay.usualMs += (stay.answeredMs / stay.answered - stay.usualMs) * weight
}
