import type { Socket } from 'node:net'
import { retryBudget, type RetryBudget } from '../../resilience/retryBudget.ts'
import { Ticker, type Sweepable } from '../../time/ticker.ts'
import { Lane, type LaneCall, type LaneOwner } from './lane.ts'
import { InstanceLatency } from './latency.ts'
import type { RequestText } from './requestText.ts'

/** The most lanes to one instance. */
const maxLanes = 4
/** Another lane is opened when every lane has this many calls without a response. */
const crowdedCalls = 32
/** The longest idle time, in milliseconds. It is that of the pool's connections: shorter than that of servers. */
const maxIdleMs = 30_000
/** The age at which a lane is replaced, in milliseconds, so that new addresses of a name and new workers get their share. */
const maxAgeMs = 300_000
/** How long no lane is opened after one failed to open or violated the protocol, in milliseconds. Calls use the pool. */
const pauseMs = 1000

/** Options of the lanes to one instance. */
export interface LanesOptions {
  readonly maxResponseBytes: number
  /** Opens a connection. The callback gets the socket, or undefined after a failure. */
  readonly connect: (callback: (socket: Socket | undefined) => void) => void
  /** Sends a call over another connection too. The response on its lane may still come first. */
  readonly resend: (call: LaneCall) => void
  /** Reports that the callee violated the protocol. */
  readonly onProblem: (problem: string) => void
}

/**
 * The lanes to one instance. They are as few as possible, because fewer lanes put more requests into each write.
 *
 * Lanes are opened in the background, and a call never waits for one. Without room on a prompt lane, it uses the pool.
 */
export class Lanes implements LaneOwner, Sweepable {
  readonly maxResponseBytes: number
  readonly typical: InstanceLatency = new InstanceLatency()
  readonly #options: LanesOptions
  readonly #lanes = new Set<Lane>()
  readonly #ticker: Ticker = new Ticker(this)
  readonly #budget: RetryBudget = retryBudget()
  #idleMs = 0
  #isOpening = false
  #notBefore = 0
  #isClosed = false
  #onEmpty: (() => void) | undefined

  constructor(options: LanesOptions) {
    this.#options = options
    this.maxResponseBytes = options.maxResponseBytes
  }

  /** The number of open lanes. */
  get size(): number {
    return this.#lanes.size
  }

  /** Whether calls may use lanes. */
  get isEnabled(): boolean {
    return this.#idleMs > 0
  }

  /** Enables lanes, because the callee announced them and the milliseconds for which an idle one stays open. */
  enable(idleMs: number): void {
    // A second less than the callee, so that no request meets a closing connection.
    this.#idleMs = Math.min(maxIdleMs, idleMs - 1000)
    this.#grow(performance.now())
  }

  /** Disables lanes, because the callee is about to stop or was replaced. Open ones close after their last response. */
  disable(): void {
    this.#idleMs = 0
    for (const lane of [...this.#lanes]) lane.retire()
  }

  /** Sends a call; returns false when no lane has room for it. */
  send(call: LaneCall, text: RequestText, now: number): boolean {
    const lane = this.#best(now)
    if (!lane || lane.inFlight >= crowdedCalls) this.#grow(now)
    if (!lane) return false
    this.#budget.deposit(now)
    this.#ticker.wake()
    lane.send(call, text, now)
    return true
  }

  /** Sends calls behind a late response over another connection, and closes lanes that no caller waits for. */
  sweep(now: number): boolean {
    let isBusy = false
    for (const lane of [...this.#lanes]) {
      if (lane.inFlight === 0) continue
      isBusy = true
      if (lane.stuckMs(now) >= this.typical.lateMs) lane.resendWaiting((call) => this.#resend(call, now))
      lane.closeIfAbandoned()
    }
    return isBusy
  }

  closed(lane: Lane, problem: string | undefined): void {
    this.#lanes.delete(lane)
    if (problem !== undefined) {
      this.#notBefore = performance.now() + pauseMs
      this.#options.onProblem(problem)
    }
    if (this.#lanes.size === 0) this.#onEmpty?.()
  }

  /** Waits for the calls in flight, then closes all lanes. */
  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#lanes.size > 0) {
      const empty = new Promise<void>((resolve) => (this.#onEmpty = resolve))
      this.disable()
      await empty
    }
    this.#ticker.stop()
  }

  /** Returns the least loaded lane that is not late. */
  #best(now: number): Lane | undefined {
    let best: Lane | undefined
    for (const lane of this.#lanes) {
      if (now - lane.openedAt > maxAgeMs && !lane.isRetired) lane.retire()
      if (!lane.hasRoom || lane.stuckMs(now) >= this.typical.lateMs) continue
      if (!best || lane.inFlight < best.inFlight) best = lane
    }
    return best
  }

  #resend(call: LaneCall, now: number): boolean {
    if (!this.#budget.withdraw(now)) return false
    this.#options.resend(call)
    return true
  }

  #grow(now: number): void {
    if (!this.isEnabled || this.#isOpening || this.#isClosed) return
    if (this.#lanes.size >= maxLanes || now < this.#notBefore) return
    this.#isOpening = true
    this.#options.connect((socket) => {
      this.#isOpening = false
      if (!socket) this.#notBefore = performance.now() + pauseMs
      else if (this.isEnabled && !this.#isClosed)
        this.#lanes.add(new Lane(socket, this, this.#idleMs, performance.now()))
      else socket.destroy()
    })
  }
}
