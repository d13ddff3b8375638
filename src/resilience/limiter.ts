import { ConcurrencyLimit } from './concurrency.ts'

/** Decides which requests an overloaded event loop accepts. */
export interface Limiter {
  /** Whether the loop was saturated recently: only then must requests be admitted. */
  readonly isPressed: boolean
  /**
   * Records how long the loop worked since the last observation and the time since then. `cpuMs` is how long it had the
   * CPU (default: all the time that the loop worked). All are milliseconds.
   */
  observe(activeMs: number, elapsedMs: number, cpuMs?: number): void
  /**
   * Whether to accept a request of this rank (0 is the most important). It has waited at least this many milliseconds for
   * its turn, and this many requests are in flight.
   */
  admits(rank: number, waitedMs: number, inFlight: number): boolean
  /** Records the end of a request: its response after this many milliseconds, or that its caller hung up. */
  ended(operation: string, responseMs: number | undefined): void
  /**
   * Records the end of a turn with requests, the milliseconds since the last one, and how long the oldest rejected request
   * has waited for its response. Returns how many milliseconds to spend on rejections.
   */
  endTurn(durationMs: number, rejectedWaitMs?: number): number
}

/** Options of `turnLimiter`. */
export interface LimiterOptions {
  /** How long requests of one turn may wait for each other, in milliseconds. Default 20, which is DAGOR's. */
  readonly targetDelayMs?: number
  /** The maximum share of each rank, the most important first. Default: one rank with everything. */
  readonly shares?: readonly number[]
  /** Milliseconds of work after which a process is warm. Default 5000. */
  readonly coldMs?: number
}

/** The loop is saturated when it works for more than this share of the time, over about `memoryMs` milliseconds. */
const saturation = 0.98
const memoryMs = 300
/** It is also saturated when two observations in a row are late, the second one more: requests outgrow the turns. */
const lateMs = 100
/** An accepted request waits for a turn that began before it came, and for its own. */
const turnsWaited = 2
/** Each turn that rejected a more important request halves a rank's share, which is zero below a tenth. */
const cut = 0.5
const leastShare = 0.1
/** The time in milliseconds after which a share recovers from zero. */
const recoveryMs = 1000
/** The least share of the loop's working time that counts, even if other processes had the CPU: callers wait anyway. */
const leastRunning = 0.5
/** Until V8 has compiled the hot code, a request takes this many times as long, which is worth waiting for. */
const coldFactor = 5
/**
 * The share of the time that goes to rejections. Parsing and routing costs the same again, and each rejected caller makes
 * room for the next request on its connection. A rejection itself takes less than a tenth.
 */
const rejectionShare = 0.03
/** The longest that rejections should wait. Beyond it, a tenth of the time goes to them, and the target grows up to tenfold. */
const maxRejectedWaitMs = 500
const lateRejectionShare = 0.1
const largestFactor = 10
/** Milliseconds in which the target grows or shrinks by a factor of e. */
const growthMs = 1000

/**
 * Limits the wait in a saturated event loop, both before a request is accepted and until its response.
 *
 * A turn of the loop hands over every request that came during the last turn, and the last of them waits for all others.
 * So each turn has a budget: requests are accepted until `targetDelayMs` of it are used, and the rest is rejected. An
 * accepted request that continues in later turns, after a statement or a call, waits in queues that no turn shows. So the
 * number in flight is limited to what waits two turns beyond its usual time (see `ConcurrencyLimit`). Each rank has a
 * share of both. It is halved by each turn that rejected a more important request.
 *
 * Only the loop's own work counts. Other processes may keep it from the CPU, in a container at its limit or next to its
 * callees on one core. It is slower then, but a shorter queue would not help.
 *
 * Rejecting costs time, too: a caller that gets its rejection at once sends the next request at once. So rejections wait
 * until there is time for them. When they wait too long, because requests are many and small, the target grows.
 *
 * The wait is a better signal than latency or the number of requests. A handler that waits for I/O raises both while the
 * loop is idle. A handler that computes raises neither, because the queue is in the kernel's socket buffers. DAGOR (WeChat,
 * https://arxiv.org/abs/1806.04075) and Facebook's CoDel (https://queue.acm.org/detail.cfm?id=2839461, folly's `Codel.cpp`)
 * use the wait in the queue, too. The condition that a resource must be saturated is go-zero's and Sentinel's, with the
 * utilisation of the loop instead of the CPU's.
 */
export function turnLimiter({ targetDelayMs = 20, shares = [1], coldMs = 5000 }: LimiterOptions = {}): Limiter {
  const concurrency = new ConcurrencyLimit()
  /** The current share of each rank in the target and the limit. */
  const current = [...shares]
  let usualMs = coldMs > 0 ? targetDelayMs * coldFactor : targetDelayMs
  let targetMs = usualMs
  let workedMs = 0
  let utilisation = 0
  /** The share of the loop's working time that counts, in which the process had the CPU. */
  let running = 1
  /** The last interval between observations, if the loop had no idle moment in it. */
  let busyMs = Number.POSITIVE_INFINITY
  /** The most important rank that was rejected in this turn. */
  let highestRejected = shares.length

  return {
    get isPressed() {
      return utilisation > saturation
    },
    observe(activeMs, elapsedMs, cpuMs = activeMs) {
      const share = Math.min(1, activeMs / elapsedMs)
      workedMs += cpuMs
      if (workedMs > coldMs) usualMs = targetDelayMs
      const weight = 1 - Math.exp(-elapsedMs / memoryMs)
      if (activeMs > 0) running += (Math.min(1, Math.max(leastRunning, cpuMs / activeMs)) - running) * weight
      const isBusy = share > saturation
      if (isBusy && elapsedMs > lateMs && elapsedMs > busyMs) utilisation = 1
      else utilisation += (share - utilisation) * weight
      busyMs = isBusy ? elapsedMs : Number.POSITIVE_INFINITY
      concurrency.look({ elapsedMs, weight, isBusy, waitMs: (turnsWaited * targetMs) / running })
    },
    admits(rank, waitedMs, inFlight) {
      const share = current[rank]!
      if (waitedMs * running < share * targetMs && inFlight < share * concurrency.limit) return true
      highestRejected = Math.min(highestRejected, rank)
      return false
    },
    ended: (operation, responseMs) => concurrency.ended(operation, responseMs),
    endTurn(durationMs, rejectedWaitMs = 0) {
      const isLate = rejectedWaitMs > maxRejectedWaitMs
      const factor = Math.exp((isLate ? durationMs : -durationMs) / growthMs)
      targetMs = Math.max(usualMs, Math.min(largestFactor * targetDelayMs, targetMs * factor))
      for (const [rank, most] of shares.entries()) {
        const share = current[rank]!
        if (highestRejected < rank) current[rank] = share < leastShare ? 0 : share * cut
        else current[rank] = Math.min(most, share + (most * durationMs * running) / recoveryMs)
      }
      highestRejected = shares.length
      return durationMs * (isLate ? lateRejectionShare : rejectionShare)
    },
  }
}

/** Accepts every request. */
export const noLimiter: Limiter = { isPressed: false, observe() {}, admits: () => true, ended() {}, endTurn: () => 0 }
