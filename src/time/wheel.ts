import { Ticker, type Sweepable } from './ticker.ts'

/** Milliseconds of a slot. */
const slotMs = 8
/** 8 s for one round: the timeouts of nearly all calls. What is later is passed over until its round. */
const slots = 1024

/** What ends at some moment, unless it is done before. */
export abstract class Expiring {
  /** On the clock of `performance.now()`. */
  expiresAt = 0
  before: Expiring | undefined
  after: Expiring | undefined
  /** Where it is; -1 when it is nowhere. */
  slot = -1

  /** Its time is over. */
  abstract expire(): void
}

/**
 * Timeouts that share the price of one timer: they are linked into slots of time, and a slot is looked at when it is due. A
 * timeout may be some milliseconds late; hardly any is ever over.
 *
 * A timer of Node's is an object, and those of different lengths, such as what remains of deadlines, have a list each. Source:
 * Varghese and Lauck, Hashed and Hierarchical Timing Wheels, SOSP 1987, scheme 6.
 */
export class Wheel implements Sweepable {
  readonly #slots: (Expiring | undefined)[] = Array.from({ length: slots }, () => undefined)
  readonly #ticker: Ticker = new Ticker(this)
  #size = 0
  /** The number of the slot that was looked at last. */
  #at = 0

  /** Has it expire in so many milliseconds; it is nowhere else. */
  add(one: Expiring, timeoutMs: number): void {
    const now = performance.now()
    if (this.#size === 0) this.#at = Math.floor(now / slotMs)
    one.expiresAt = now + timeoutMs
    const slot = Math.floor(one.expiresAt / slotMs) % slots
    const first = this.#slots[slot]
    one.slot = slot
    one.after = first
    if (first) first.before = one
    this.#slots[slot] = one
    this.#size += 1
    this.#ticker.wake()
  }

  /** It is done; nothing happens when it has expired. */
  remove(one: Expiring): void {
    if (one.slot < 0) return
    const { before, after } = one
    if (before) before.after = after
    else this.#slots[one.slot] = after
    if (after) after.before = before
    one.before = one.after = undefined
    one.slot = -1
    this.#size -= 1
  }

  sweep(now: number): boolean {
    const last = Math.floor(now / slotMs)
    for (let at = Math.max(Math.min(this.#at, last), last - slots + 1); at <= last; at++) this.#expire(at % slots, now)
    this.#at = last // which may hold what is due only later in it
    return this.#size > 0
  }

  #expire(slot: number, now: number): void {
    let one = this.#slots[slot]
    while (one) {
      const next: Expiring | undefined = one.after
      if (one.expiresAt <= now) {
        this.remove(one)
        one.expire()
      }
      // What has expired may have ended what was behind it.
      one = next === undefined || next.slot === slot ? next : this.#slots[slot]
    }
  }
}

/** The wheel of this process. */
export const timeouts: Wheel = new Wheel()
