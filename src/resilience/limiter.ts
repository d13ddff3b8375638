/** Decides which requests an overloaded event loop takes. */
export interface Limiter {
  /** Whether the loop has been saturated of late: only then are requests worth asking for. */
  readonly isPressed: boolean
  /**
   * How long the loop has worked since it was last observed, how long that is ago, and how long the process had the CPU
   * (default: all the while that the loop worked), in milliseconds.
   */
  observe(activeMs: number, elapsedMs: number, cpuMs?: number): void
  /** Whether to take a request of this rank (0 matters most), which has waited at least so many milliseconds for its turn. */
  admits(rank: number, waitedMs: number): boolean
  /** A turn of the loop in which requests came has ended, so many milliseconds after the one before. */
  endTurn(durationMs: number): void
}

/** Numbers of the limiter, with their defaults. */
export interface LimiterOptions {
  /** How long requests of one turn of the loop may wait for each other, in milliseconds. Default 20, which is DAGOR's. */
  readonly targetDelayMs?: number
  /** Of each rank, how much of it a turn's budget is at most; those that matter most come first. Default: one rank, all. */
  readonly shares?: readonly number[]
  /** Milliseconds of work after which a process is as fast as it will be. Default 5000. */
  readonly coldMs?: number
}

/** The loop is saturated when it works for more than this share of the time, over about `memoryMs` milliseconds. */
const saturation = 0.98
const memoryMs = 300
/** Or when two looks at it in a row come late, the second by more: what has come in a turn takes longer than the turn. */
const lateMs = 100
/** A budget shrinks to half at most in one turn (Gradient2's bound), never below a tenth for the whole's sake. */
const strongestCut = 0.5
const leastShare = 0.1
/** Of the time in which the loop worked at least so much counts, whoever else had the CPU: callers wait all the same. */
const leastRunning = 0.5
/** Until V8 has compiled what runs often, a request takes so many times as long; that is worth waiting for. */
const coldFactor = 5
/** A budget that was cut to nothing is whole again after this many milliseconds. */
const recoveryMs = 1000
/** Refusing takes a fifth of the time at most: a longer wait is then better than no answer, up to ten times the target. */
const workPerRefusing = 4
const largestFactor = 10
/** What refusing one costs until it is known, in milliseconds. */
const usualRefusalMs = 0.02

/**
 * Limits what is waiting in an event loop by how long it waits there.
 *
 * A loop's turn hands over every request that has come during the turn before; the last of them waits for all others.
 * While the loop is saturated, each turn has a budget: requests are taken until `targetDelayMs` of it are over, the rest is
 * refused, and so nobody waits for much longer than a turn before and one budget. What is taken in a turn and continues in
 * a later one, after a statement or a call, makes that one longer: the budget then shrinks by target / duration until turns
 * take twice the target at most, and grows again slowly.
 *
 * What counts is the loop's own work. A process that others keep from the CPU, in a container at its limit or next to its
 * callees on one core, is slower, but no shorter queue of its own would change that.
 *
 * Refusing costs, too. When the loop does little else, for it is many and small requests that come, the target grows until
 * four fifths of the time go to answers.
 *
 * A less important priority has a budget of its own, halved by each turn in which a more important request was refused.
 *
 * Why the wait, and not the latency or the number of requests in flight: a handler that waits for others makes both grow
 * while the loop is idle, and one that computes makes neither grow, for the queue is in the kernel's socket buffers. The
 * wait in the own queue is what DAGOR (WeChat, https://arxiv.org/abs/1806.04075) and Facebook's CoDel
 * (https://queue.acm.org/detail.cfm?id=2839461, folly's `Codel.cpp`) act on; the guard, that a saturated resource is needed
 * besides, is go-zero's and Sentinel's, with the loop's own utilisation in the place of the CPU's; the gradient's form and
 * bound are those of Netflix' `Gradient2Limit`.
 */
export function turnLimiter({ targetDelayMs = 20, shares = [1], coldMs = 5000 }: LimiterOptions = {}): Limiter {
  /** Of each rank, the share of the target that may be waited in this turn. */
  const budgets = [...shares]
  let usualMs = coldMs > 0 ? targetDelayMs * coldFactor : targetDelayMs
  let targetMs = usualMs
  let workedMs = 0
  let utilisation = 0
  /** How much of the time in which the loop worked counts: that in which the process had the CPU. */
  let running = 1
  /** How long it was to the look before, when the loop had no idle moment until then. */
  let busyMs = Number.POSITIVE_INFINITY
  /** Most important rank that was refused in this turn, and how many were. */
  let refused = shares.length
  let refusals = 0
  /** When the last request of this turn came, if it was refused. */
  let refusedAtMs: number | undefined
  let refusalMs = usualRefusalMs

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
    },
    admits(rank, waitedMs) {
      if (refusedAtMs !== undefined) learnCost(waitedMs - refusedAtMs)
      refusedAtMs = undefined
      if (waitedMs * running < budgets[rank]! * targetMs) return true
      refused = Math.min(refused, rank)
      refusals += 1
      refusedAtMs = waitedMs
      return false
    },
    endTurn(durationMs) {
      const workMs = durationMs * running
      const refusingMs = Math.min(workMs, refusals * refusalMs * running)
      const wanted = Math.min(largestFactor * targetDelayMs, Math.max(usualMs, refusingMs * workPerRefusing))
      targetMs += (wanted - targetMs) / 2
      for (const rank of shares.keys()) budgets[rank] = next(rank, workMs - refusingMs)
      refused = shares.length
      refusals = 0
      refusedAtMs = undefined
    },
  }

  /** The next request came so long after one that was refused; something else may have been done in between. */
  function learnCost(ms: number): void {
    refusalMs += (Math.min(ms, 2 * refusalMs) - refusalMs) / 100
  }

  function next(rank: number, workMs: number): number {
    const [budget, most] = [budgets[rank]!, shares[rank]!]
    if (refused < rank) return budget < leastShare ? 0 : budget * strongestCut
    if (workMs <= 2 * targetMs) return Math.min(most, budget + (most * workMs) / recoveryMs)
    return Math.min(budget, Math.max(leastShare, budget * Math.max(strongestCut, (2 * targetMs) / workMs)))
  }
}

/** Takes every request. */
export const noLimiter: Limiter = { isPressed: false, observe() {}, admits: () => true, endTurn() {} }
