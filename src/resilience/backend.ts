/** What is known of an instance before any call to it. */
export interface Member<Item> {
  /** Unique among the members. */
  readonly key: string
  readonly item: Item
  /** Share of the traffic relative to the others. Default 1. */
  readonly weight?: number | undefined
  readonly region?: string | undefined
  readonly zone?: string | undefined
}

/** How fast what was seen is forgotten, in milliseconds: after this a latency weighs 1/e. Source: Finagle's decay. */
const decayMs = 10_000
/** An answer weighs at least so much, however soon it follows the last: sixteen good ones outweigh a peak. */
const leastWeight = 1 / 16
/** An instance that has just come gets a tenth of its share, and all of it after this many milliseconds. */
const slowStartMs = 10_000
const slowestStart = 0.1
/** A failure is worth this many times what the instance costs, within these bounds, in milliseconds. */
const failureFactor = 4
const [leastFailureMs, mostFailureMs] = [10, 10_000] as const

/** One instance as its callers see it: calls in flight, peak EWMA of their latency, failures in a row. */
export class Backend<Item = unknown> {
  readonly key: string
  readonly item: Item
  readonly weight: number
  readonly region: string | undefined
  readonly zone: string | undefined
  /** When it came, in milliseconds: its slow start counts from there. */
  readonly since: number
  /** Calls that have begun and not ended. */
  inFlight = 0
  /** When it last took a call, in milliseconds. */
  lastPick = 0
  /** Failures since the last success. */
  failures = 0
  /** How often it was ejected of late. */
  ejections = 0
  isEjected = false
  /** When its last ejection ends or has ended, in milliseconds. */
  ejectedUntil = 0
  /** Until when it is spared, in milliseconds, as it has said that it is about to stop; 0 when it is not. */
  leavesUntil = 0
  /** Whether it has ever kept a connection. */
  keepsConnections = false
  #costMs: number
  #costAt: number

  constructor({ key, item, weight = 1, region, zone }: Member<Item>, since: number, now: number, costMs: number) {
    this.key = key
    this.item = item
    this.weight = weight
    this.region = region
    this.zone = zone
    this.since = since
    this.lastPick = now
    this.#costMs = costMs
    this.#costAt = now
  }

  /** A call begins. */
  begin(now: number): void {
    this.inFlight += 1
    this.lastPick = now
  }

  /** A call ended in a way that says nothing of the instance: it was given up, or refused for its caller's sake. */
  end(): void {
    this.inFlight -= 1
  }

  /** A call was answered. */
  succeed(now: number, latencyMs: number): void {
    this.inFlight -= 1
    this.failures = 0
    this.#observe(now, latencyMs)
  }

  /** A call failed. It makes the instance dearer, or one that fails fast would attract all of the calls. */
  fail(now: number, latencyMs: number): void {
    this.failures += 1
    this.refuse(now, latencyMs)
  }

  /** A call was refused for want of time: it costs as a failure does, and is no sign of being broken. */
  refuse(now: number, latencyMs: number): void {
    this.inFlight -= 1
    const penalty = Math.min(mostFailureMs, Math.max(leastFailureMs, failureFactor * this.costMs(now)))
    this.#observe(now, Math.max(latencyMs, penalty))
  }

  /** It is back after an ejection: nothing of before counts. */
  readmit(now: number, costMs: number): void {
    this.isEjected = false
    this.failures = 0
    this.#costMs = costMs
    this.#costAt = now
    this.lastPick = now
  }

  /** Latency that a call is expected to see, in milliseconds. */
  costMs(now: number): number {
    return this.#costMs * Math.exp((this.#costAt - now) / decayMs)
  }

  /** Its weight, less while it has just come. */
  weightAt(now: number): number {
    const age = now - this.since
    return age >= slowStartMs ? this.weight : this.weight * Math.max(slowestStart, age / slowStartMs)
  }

  /** What one more call to it costs: expected latency times the calls that share it. */
  load(now: number): number {
    const cost = this.costMs(now)
    // Not measured yet: one call shall find out, the others go elsewhere meanwhile (Finagle's penalty).
    return (cost === 0 && this.inFlight > 0 ? mostFailureMs : cost) * (this.inFlight / this.weight + 1)
  }

  /** Peak EWMA: up at once, down slowly. Source: Finagle, `PeakEwma`. */
  #observe(now: number, latencyMs: number): void {
    const cost = this.costMs(now)
    const weight = Math.max(leastWeight, 1 - Math.exp((this.#costAt - now) / decayMs))
    this.#costMs = latencyMs > cost ? latencyMs : cost + (latencyMs - cost) * weight
    this.#costAt = now
  }
}
