import type { Socket } from 'node:net'
import { retryBudget, type RetryBudget } from '../../resilience/retryBudget.ts'
import { Ticker, type Sweepable } from '../../time/ticker.ts'
import { Lane, type LaneCall, type LaneOwner } from './lane.ts'
import { InstancePace } from './pace.ts'
import type { RequestText } from './requestText.ts'

/** Most lanes to one instance. */
const mostLanes = 4
/** A further one is opened when each has so many calls that have not been answered. */
const crowded = 32
/** As undici's connections: shorter than any server's own time. */
const mostIdleMs = 30_000
/** A lane is replaced when it is as old, so that a name's new addresses and new workers get their share. */
const mostAgeMs = 300_000
/** After a lane could not be opened, or was spoilt, calls take the pool for so long. */
const pauseMs = 1000

/** How lanes are opened, and what they tell. */
export interface LanesOptions {
  readonly maxResponseBytes: number
  /** Opens a connection; calls back with it, or not. */
  readonly connect: (callback: (socket: Socket | undefined) => void) => void
  /** Sends a call over another connection, while its lane may still answer it. */
  readonly resend: (call: LaneCall) => void
  /** A callee has broken the protocol. */
  readonly onProblem: (problem: string) => void
}

/**
 * The lanes to one instance: as few as there may be, for the fewer there are the more goes into each write.
 *
 * Lanes are opened in the background, and a call never waits for one: without room on a lane that answers it takes the pool.
 */
export class Lanes implements LaneOwner, Sweepable {
  readonly maxResponseBytes: number
  readonly pace: InstancePace = new InstancePace()
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

  /** How many there are. */
  get size(): number {
    return this.#lanes.size
  }

  /** Whether calls may take lanes. */
  get areOpen(): boolean {
    return this.#idleMs > 0
  }

  /** The callee has said that it knows lanes, and how long it keeps an idle one. */
  announced(idleMs: number): void {
    // A second less than the callee, so that no request meets a connection that is being closed.
    this.#idleMs = Math.min(mostIdleMs, idleMs - 1000)
    this.#grow(performance.now())
  }

  /** The callee is about to stop, or is no longer what it was: its lanes take no more calls. */
  forget(): void {
    this.#idleMs = 0
    for (const lane of [...this.#lanes]) lane.retire()
  }

  /** Sends a call; false when there is no lane for it. */
  send(call: LaneCall, text: RequestText, now: number): boolean {
    const lane = this.#best(now)
    if (!lane || lane.inFlight >= crowded) this.#grow(now)
    if (!lane) return false
    this.#budget.deposit(now)
    this.#ticker.wake()
    lane.send(call, text, now)
    return true
  }

  /** Looks after what waits. A lane that is late keeps no call that another connection could have answered by now. */
  sweep(now: number): boolean {
    let isBusy = false
    for (const lane of [...this.#lanes]) {
      if (lane.inFlight === 0) continue
      isBusy = true
      if (lane.stuckMs(now) >= this.pace.lateMs) lane.resendWaiting((call) => this.#resend(call, now))
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

  /** Answers what is in flight, then closes them. */
  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#lanes.size > 0) {
      const empty = new Promise<void>((resolve) => (this.#onEmpty = resolve))
      this.forget()
      await empty
    }
    this.#ticker.stop()
  }

  /** The one with the least to do among those that answer. */
  #best(now: number): Lane | undefined {
    let best: Lane | undefined
    for (const lane of this.#lanes) {
      if (now - lane.openedAt > mostAgeMs && !lane.isRetired) lane.retire()
      if (!lane.hasRoom || lane.stuckMs(now) >= this.pace.lateMs) continue
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
    if (!this.areOpen || this.#isOpening || this.#isClosed) return
    if (this.#lanes.size >= mostLanes || now < this.#notBefore) return
    this.#isOpening = true
    this.#options.connect((socket) => {
      this.#isOpening = false
      if (!socket) this.#notBefore = performance.now() + pauseMs
      else if (this.areOpen && !this.#isClosed) this.#lanes.add(new Lane(socket, this, this.#idleMs, performance.now()))
      else socket.destroy()
    })
  }
}
