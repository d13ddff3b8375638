import { aheadUs, type Quota } from './gcra.ts'
import type { Random } from './random.ts'

/** What the keys of a limiter are made of. */
export interface ArrivalTimesOptions {
  /** Microseconds, on a clock that never goes back. */
  readonly nowUs?: () => number
  readonly random?: Random
  /** Most keys that are remembered. Default 65,536: with their texts about 10 MB. */
  readonly maxKeys?: number
}

/** So many keys are looked at to find the one whose place a new key takes. Redis samples 5 and calls 10 near perfect. */
const samples = 8

/**
 * Theoretical arrival times by key, in memory, a bounded number of them.
 *
 * A key's place is free once its time is past: it has nothing outstanding. When no place is free, a new key takes that of
 * one that has least outstanding, so that forgetting gives away least: whoever is at its limit and wants to be forgotten
 * has to bring about as many others to theirs as there are places.
 */
export class ArrivalTimes {
  readonly #nowUs: () => number
  readonly #random: Random
  readonly #maxKeys: number
  readonly #places = new Map<string, number>()
  readonly #keys: string[] = []
  readonly #times: number[] = []

  constructor({ nowUs = monotonicUs, random = Math.random, maxKeys = 65_536 }: ArrivalTimesOptions = {}) {
    this.#nowUs = nowUs
    this.#random = random
    this.#maxKeys = maxKeys
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#places.size
  }

  /** The clock, in microseconds. */
  get nowUs(): number {
    return this.#nowUs()
  }

  /** What `take` would return, without taking. */
  aheadUs(key: string, quota: Quota): number {
    const place = this.#places.get(key)
    return aheadUs(place === undefined ? 0 : this.#times[place]!, this.#nowUs(), quota)
  }

  /**
   * Takes one request of the key's quota, if it has one left; returns how far that puts it ahead of the clock, in
   * microseconds: the request passes when it is at most the quota's `burstUs`.
   */
  take(key: string, quota: Quota): number {
    const nowUs = this.#nowUs()
    const place = this.#places.get(key)
    const ahead = aheadUs(place === undefined ? 0 : this.#times[place]!, nowUs, quota)
    if (ahead <= quota.burstUs) {
      if (place === undefined) this.#put(key, nowUs + ahead, nowUs)
      else this.#times[place] = nowUs + ahead
    }
    return ahead
  }

  /** Takes over a key's time from who knows better; one that is earlier than what is known is ignored. */
  learn(key: string, tatUs: number): void {
    const place = this.#places.get(key)
    if (place === undefined) this.#put(key, tatUs, this.#nowUs())
    else if (tatUs > this.#times[place]!) this.#times[place] = tatUs
  }

  #put(key: string, tatUs: number, nowUs: number): void {
    const place = this.#placeFor(nowUs)
    if (place < this.#keys.length) this.#places.delete(this.#keys[place]!)
    this.#keys[place] = key
    this.#times[place] = tatUs
    this.#places.set(key, place)
  }

  /** A place that is free, else a new one, else that of who has least outstanding among a few. */
  #placeFor(nowUs: number): number {
    const { length } = this.#keys
    let least = 0
    for (let n = 0; n < samples && length > 0; n++) {
      const place = Math.floor(this.#random() * length)
      if (n === 0 || this.#times[place]! < this.#times[least]!) least = place
    }
    const isTaken = length === 0 || this.#times[least]! > nowUs
    return isTaken && length < this.#maxKeys ? length : least
  }
}

function monotonicUs(): number {
  return Math.floor(performance.now() * 1000)
}
