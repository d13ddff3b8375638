/** An instance of a set, before any call to it. */
export interface Member<Item> {
  /** Unique among the members. */
  readonly key: string
  readonly item: Item
  /** Its share of the traffic, relative to the other members. Default 1. */
  readonly weight?: number | undefined
  readonly region?: string | undefined
  readonly zone?: string | undefined
}

/** The decay time of latencies, in milliseconds: after it, one weighs 1/e. Source: Finagle's decay. */
const decayMs = 10_000
/** The least weight of a response, however soon it follows another: sixteen fast ones outweigh a peak. */
const leastWeight = 1 / 16
/** The slow start of a new instance: it begins with a tenth of its share and has all of it after this many milliseconds. */
const slowStartMs = 10_000
const slowestStart = 0.1
/** A failure costs this many times the instance's cost, within these bounds in milliseconds. */
const failureFactor = 4
const [leastFailureMs, mostFailureMs] = [10, 10_000] as const

/** An instance as its caller sees it: calls in flight, peak EWMA of latency, consecutive failures. */
export class Backend<Item = unknown> {
  readonly key: string
  readonly item: Item
  readonly weight: number
  readonly region: string | undefined
  readonly zone: string | undefined
  /** The start of its slow start, in milliseconds. */
  readonly since: number
  /** Calls in flight. */
  inFlight = 0
  /** The time of its last call, in milliseconds. */
  lastPick = 0
  /** Failures since the last success. */
  failures = 0
  /** How often it was ejected recently. */
  ejections = 0
  isEjected = false
  /** The end of its last ejection, in milliseconds. */
  ejectedUntil = 0
  /** Until when it is avoided because it announced a shutdown, in milliseconds; 0 when it did not. */
  leavesUntil = 0
  /** Whether it has ever kept a connection open. */
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

  /** Records the start of a call. */
  begin(now: number): void {
    this.inFlight += 1
    this.lastPick = now
  }

  /** Records a call whose end says nothing about the instance: it was cancelled, or rejected because of its caller. */
  end(): void {
    this.inFlight -= 1
  }

  /** Records a response. */
  succeed(now: number, latencyMs: number): void {
    this.inFlight -= 1
    this.failures = 0
    this.#observe(now, latencyMs)
  }

  /** Records a failure. It raises the cost, because an instance that fails fast would attract all calls. */
  fail(now: number, latencyMs: number): void {
    this.failures += 1
    this.reject(now, latencyMs)
  }

  /** Records a rejection for overload: it costs like a failure, but does not count towards an ejection. */
  reject(now: number, latencyMs: number): void {
    this.inFlight -= 1
    const penalty = Math.min(mostFailureMs, Math.max(leastFailureMs, failureFactor * this.costMs(now)))
    this.#observe(now, Math.max(latencyMs, penalty))
  }

  /** Resets the instance after an ejection. */
  readmit(now: number, costMs: number): void {
    this.isEjected = false
    this.failures = 0
    this.#costMs = costMs
    this.#costAt = now
    this.lastPick = now
  }

  /** The expected latency of a call, in milliseconds. */
  costMs(now: number): number {
    return this.#costMs * Math.exp((this.#costAt - now) / decayMs)
  }

  /** Its weight, reduced during its slow start. */
  weightAt(now: number): number {
    const age = now - this.since
    return age >= slowStartMs ? this.weight : this.weight * Math.max(slowestStart, age / slowStartMs)
  }

  /** The cost of one more call: the expected latency times the calls that share the instance. */
  load(now: number): number {
    const cost = this.costMs(now)
    // Not measured yet: one call measures it, and other calls go elsewhere meanwhile (Finagle's penalty).
    return (cost === 0 && this.inFlight > 0 ? mostFailureMs : cost) * (this.inFlight / this.weight + 1)
  }

  /** Peak EWMA: rises at once and decays slowly. Source: Finagle, `PeakEwma`. */
  #observe(now: number, latencyMs: number): void {
    const cost = this.costMs(now)
    const weight = Math.max(leastWeight, 1 - Math.exp((this.#costAt - now) / decayMs))
    this.#costMs = latencyMs > cost ? latencyMs : cost + (latencyMs - cost) * weight
    this.#costAt = now
  }
}
