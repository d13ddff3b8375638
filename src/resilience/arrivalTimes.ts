import { aheadUs, type Quota } from './gcra.ts'
import type { Random } from './random.ts'

/** Options of `ArrivalTimes`. */
export interface ArrivalTimesOptions {
  /** Returns microseconds of a monotonic clock. */
  readonly nowUs?: () => number
  readonly random?: Random
  /** The most keys to remember. Default 65,536: with their texts about 10 MB. */
  readonly maxKeys?: number
}

/** How many keys are sampled to evict one. Redis samples 5 and calls 10 near perfect. */
const samples = 8

/**
 * Theoretical arrival times of a bounded number of keys, in memory.
 *
 * A slot is free once its key's time has passed: nothing of its quota is used. When no slot is free, the new key evicts
 * the one with the least used, which costs the limit least. A caller at its limit who wants to be evicted has to bring
 * about as many other keys to their limits as there are slots.
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

  /** The number of remembered keys. */
  get size(): number {
    return this.#places.size
  }

  /** The time in microseconds. */
  get nowUs(): number {
    return this.#nowUs()
  }

  /** Returns what `take` would return, without taking. */
  aheadUs(key: string, quota: Quota): number {
    const place = this.#places.get(key)
    return aheadUs(place === undefined ? 0 : this.#times[place]!, this.#nowUs(), quota)
  }

  /**
   * Takes one request from a key's quota, if one is left. Returns how far that puts the key ahead of the clock, in
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

  /** Takes over a key's time from a shared store; ignores one that is earlier than the known time. */
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

  /** Returns a free slot, else a new one, else that of the sampled key with the least used. */
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
