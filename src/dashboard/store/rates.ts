import type { ServiceRates } from '../model/state.ts'

/** The length of a slot in milliseconds. */
const slotMs = 2000
/** Three minutes. */
const slots = 90
/** The slots behind the rate: the last ten seconds. */
const rateSlots = 5

/** Counts the requests of a service in slots of time. */
export class RateSeries {
  readonly #slots: Slot[] = Array.from({ length: slots }, () => new Slot())

  add(atMs: number, durationMs: number, outcome: 'ok' | 'error'): void {
    const number = Math.floor(atMs / slotMs)
    const slot = this.#slots[number % slots]!
    if (slot.number > number) return // older than all slots
    if (slot.number < number) slot.begin(number)
    slot.add(durationMs, outcome)
  }

  read(nowMs: number): ServiceRates {
    const last = Math.floor(nowMs / slotMs)
    const all = Array.from({ length: slots }, (_, i) => {
      const number = last - slots + 1 + i
      const slot = this.#slots[((number % slots) + slots) % slots]!
      return slot.number === number ? slot : empty
    })
    const merged = new Slot()
    for (const slot of all) merged.merge(slot)
    const recent = all.slice(-rateSlots)
    const seconds = ((rateSlots - 1) * slotMs + (nowMs % slotMs)) / 1000
    return {
      slotMs,
      requests: all.map(({ requests }) => requests),
      errors: all.map(({ errors }) => errors),
      p50: all.map((slot) => slot.percentile(0.5)),
      p99: all.map((slot) => slot.percentile(0.99)),
      perSecond: recent.reduce((sum, { requests }) => sum + requests, 0) / seconds,
      errorShare: merged.requests === 0 ? 0 : merged.errors / merged.requests,
      p50Ms: merged.percentile(0.5),
      p99Ms: merged.percentile(0.99),
    }
  }
}

/** Each bucket ends 5 % above the one before: from 10 µs to more than an hour. */
const growth = Math.log(1.05)
const smallestMs = 0.01
const buckets = 410

class Slot {
  number = -1
  requests = 0
  errors = 0
  /** Made when first needed: most slots of a developer's services are empty. */
  #counts: Uint32Array | undefined

  begin(number: number): void {
    this.number = number
    this.requests = 0
    this.errors = 0
    this.#counts?.fill(0)
  }

  add(durationMs: number, outcome: 'ok' | 'error'): void {
    this.requests++
    if (outcome === 'error') this.errors++
    const bucket = Math.ceil(Math.log(Math.max(smallestMs, durationMs) / smallestMs) / growth)
    const counts = (this.#counts ??= new Uint32Array(buckets))
    counts[Math.min(buckets - 1, bucket)]!++
  }

  merge(other: Slot): void {
    this.requests += other.requests
    this.errors += other.errors
    const from = other.#counts
    if (!from || other.requests === 0) return
    const counts = (this.#counts ??= new Uint32Array(buckets))
    for (let i = 0; i < buckets; i++) counts[i]! += from[i]!
  }

  percentile(share: number): number | null {
    const counts = this.#counts
    if (this.requests === 0 || !counts) return null
    let rest = Math.ceil(this.requests * share)
    for (let i = 0; i < buckets; i++) {
      rest -= counts[i]!
      if (rest <= 0) return rounded(smallestMs * Math.exp((i - 0.5) * growth))
    }
    return null
  }
}

const empty = new Slot()

function rounded(ms: number): number {
  return Number(ms.toPrecision(3))
}
