import { ConcurrencyLimit } from './concurrency.ts'

/** Decides which requests an overloaded event loop takes. */
export interface Limiter {
  /** Whether the loop has been saturated of late: only then are requests worth asking for. */
  readonly isPressed: boolean
  /**
   * How long the loop has worked since it was last observed, how long that is ago, and how long the process had the CPU
   * (default: all the while that the loop worked), in milliseconds.
   */
  observe(activeMs: number, elapsedMs: number, cpuMs?: number): void
  /**
   * Whether to take a request of this rank (0 matters most), which has waited at least so many milliseconds for its turn,
   * beside those in flight.
   */
  admits(rank: number, waitedMs: number, inFlight: number): boolean
  /** A request of this operation has ended: answered so many milliseconds after it came, or its caller has hung up. */
  ended(operation: string, answeredMs: number | undefined): void
  /**
   * A turn of the loop in which requests came has ended, so many milliseconds after the one before; the oldest of those that
   * were refused has waited so long to be told. Returns how many milliseconds to spend on telling them.
   */
  endTurn(durationMs: number, untoldMs?: number): number
}

/** Numbers of the limiter, with their defaults. */
export interface LimiterOptions {
  /** How long requests of one turn of the loop may wait for each other, in milliseconds. Default 20, which is DAGOR's. */
  readonly targetDelayMs?: number
  /** Of each rank, how much of all that it may have at most; those that matter most come first. Default: one rank, all. */
  readonly shares?: readonly number[]
  /** Milliseconds of work after which a process is as fast as it will be. Default 5000. */
  readonly coldMs?: number
}

/** The loop is saturated when it works for more than this share of the time, over about `memoryMs` milliseconds. */
const saturation = 0.98
const memoryMs = 300
/** Or when two looks at it in a row come late, the second by more: what has come in a turn takes longer than the turn. */
const lateMs = 100
/** What is taken waits for a turn that has begun before it came, and for its own. */
const turnsWaited = 2
/** What a lower rank may have is halved by each turn that refused a higher one, and is nothing below a tenth. */
const cut = 0.5
const leastShare = 0.1
/** A share that was cut to nothing is whole again after this many milliseconds. */
const recoveryMs = 1000
/** Of the time in which the loop worked at least so much counts, whoever else had the CPU: callers wait all the same. */
const leastRunning = 0.5
/** Until V8 has compiled what runs often, a request takes so many times as long; that is worth waiting for. */
const coldFactor = 5
/**
 * So much of the time goes to telling those that are refused. To parse and route them costs as much again, and each that is
 * told makes room for the next on its connection: refusing takes less than a tenth.
 */
const tellingShare = 0.03
/** They should not wait longer than this: then a tenth of the time goes to them, and the target grows, up to ten times. */
const longestUntoldMs = 500
const lateTellingShare = 0.1
const largestFactor = 10
/** Milliseconds in which the target grows to e times itself, or shrinks as much. */
const growthMs = 1000

/**
 * Limits what waits in an event loop, while the loop is saturated, by how long it waits there: before it is taken, and from
 * then to its answer.
 *
 * A loop's turn hands over every request that has come during the turn before; the last of them waits for all others. Each
 * turn has a budget: requests are taken until `targetDelayMs` of it are over, the rest is refused. What is taken and goes on
 * in later turns, after a statement or a call, waits there in queues that no turn shows. So no more may be in flight than
 * wait for two turns on top of what they usually take (see `ConcurrencyLimit`). Of the budget and of that number each rank
 * has its share, halved by each turn in which a more important request was refused.
 *
 * What counts is the loop's own work. A process that others keep from the CPU, in a container at its limit or next to its
 * callees on one core, is slower, but no shorter queue of its own would change that.
 *
 * Refusing costs, too: callers who are told at once ask the next at once. So those that are refused wait until there is time
 * to tell them; and when they wait too long, for it is many and small requests that come, the target grows.
 *
 * Why the wait, and not the latency or a number of requests: a handler that waits for others makes both grow while the loop
 * is idle, and one that computes makes neither grow, for the queue is in the kernel's socket buffers. The wait in the own
 * queue is what DAGOR (WeChat, https://arxiv.org/abs/1806.04075) and Facebook's CoDel
 * (https://queue.acm.org/detail.cfm?id=2839461, folly's `Codel.cpp`) act on; the guard, that a saturated resource is needed
 * besides, is go-zero's and Sentinel's, with the loop's own utilisation in the place of the CPU's.
 */
export function turnLimiter({ targetDelayMs = 20, shares = [1], coldMs = 5000 }: LimiterOptions = {}): Limiter {
  const concurrency = new ConcurrencyLimit()
  /** Of each rank, how much of the target and of the limit it may have now. */
  const current = [...shares]
  let usualMs = coldMs > 0 ? targetDelayMs * coldFactor : targetDelayMs
  let targetMs = usualMs
  let workedMs = 0
  let utilisation = 0
  /** How much of the time in which the loop worked counts: that in which the process had the CPU. */
  let running = 1
  /** How long it was to the look before, when the loop had no idle moment until then. */
  let busyMs = Number.POSITIVE_INFINITY
  /** Most important rank that was refused in this turn. */
  let refused = shares.length

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
      concurrency.look(elapsedMs, weight, isBusy, (turnsWaited * targetMs) / running)
    },
    admits(rank, waitedMs, inFlight) {
      const share = current[rank]!
      if (waitedMs * running < share * targetMs && inFlight < share * concurrency.limit) return true
      refused = Math.min(refused, rank)
      return false
    },
    ended: (operation, answeredMs) => concurrency.ended(operation, answeredMs),
    endTurn(durationMs, untoldMs = 0) {
      const isLate = untoldMs > longestUntoldMs
      const factor = Math.exp((isLate ? durationMs : -durationMs) / growthMs)
      targetMs = Math.max(usualMs, Math.min(largestFactor * targetDelayMs, targetMs * factor))
      for (const [rank, most] of shares.entries()) {
        const share = current[rank]!
        if (refused < rank) current[rank] = share < leastShare ? 0 : share * cut
        else current[rank] = Math.min(most, share + (most * durationMs * running) / recoveryMs)
      }
      refused = shares.length
      return durationMs * (isLate ? lateTellingShare : tellingShare)
    },
  }
}

/** Takes every request. */
export const noLimiter: Limiter = { isPressed: false, observe() {}, admits: () => true, ended() {}, endTurn: () => 0 }
