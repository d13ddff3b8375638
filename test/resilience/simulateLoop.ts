import { noLimiter, type Limiter } from '../../src/resilience/limiter.ts'
import { Paced } from '../../src/resilience/paced.ts'
import { seededRandom } from '../../src/resilience/random.ts'

/** What comes: so many requests a second, and what each costs the loop, in milliseconds. */
export interface Stream {
  readonly rate: number
  /** From and to these milliseconds. */
  readonly from: number
  readonly to: number
  /** Work at arrival. */
  readonly workMs: number
  /** Then it waits for somebody else … */
  readonly waitMs?: number
  /** … and works once more. */
  readonly thenMs?: number
  /** So many of them go on in one turn, like the responses of a lane. Default: all that are due. */
  readonly atATime?: number
  /** 0 matters most. Default 0. */
  readonly rank?: number
  /** All of them come at `from`. */
  readonly atOnce?: number
  readonly name?: string
}

/** What became of a request. */
export interface Outcome {
  readonly name: string
  readonly at: number
  readonly shed: boolean
  /** From its arrival to its response. */
  readonly latencyMs: number
}

/** What has to be done for a request at a moment. */
interface Task {
  readonly at: number
  readonly arrivedAt: number
  readonly stream: Stream
  readonly isArrival: boolean
  takenAt: number
}

const sampleMs = 50
/** The share of the cost of a rejection that is its response. */
const telling = 0.5
/** What libuv handles in one turn at most: 48 times the 1,024 events that epoll hands over. */
const mostInOneTurn = 48 * 1024

/**
 * An event loop in virtual time: turns that take what has come, poll that waits when nothing has, a sample of its
 * utilisation every 50 ms, as late as timers are.
 */
export function simulateLoop(
  streams: readonly Stream[],
  limiter: Limiter = noLimiter,
  { shedMs = 0.02, seed = 1 }: { shedMs?: number; seed?: number } = {},
): Outcome[] {
  const agenda = new Agenda()
  const continued = new Map<Stream, Task[]>()
  for (const [i, stream] of streams.entries()) {
    const later: Task[] = []
    continued.set(stream, later)
    agenda.addAll(arrivalsOf(stream, seededRandom(seed + i)))
    agenda.addAll(later, stream.atATime)
  }
  const outcomes: Outcome[] = []
  let [now, idle, sampledAt, idleAtSample, turnEndedAt, inFlight] = [0, 0, 0, 0, 0, 0]
  const rejected = new Paced<Task>(
    ({ arrivedAt, stream: { name = '' } }) => {
      now += shedMs * telling
      outcomes.push({ name, at: arrivedAt, shed: true, latencyMs: now - arrivedAt })
    },
    () => now,
  )
  for (;;) {
    const nextAt = agenda.nextAt ?? (rejected.size > 0 ? sampledAt + sampleMs : undefined)
    if (nextAt === undefined) return outcomes
    if (nextAt > now) {
      const wakeUp = Math.min(nextAt, Math.max(now, sampledAt + sampleMs))
      idle += wakeUp - now
      now = wakeUp
    }
    if (now >= sampledAt + sampleMs) {
      const elapsed = now - sampledAt
      limiter.observe(elapsed - (idle - idleAtSample), elapsed)
      sampledAt = now
      idleAtSample = idle
      if (!limiter.isPressed) {
        turnEndedAt = now
        rejected.run(sampleMs / 2)
      }
    }
    turn(dueTasks())
  }

  function dueTasks(): Task[] {
    const tasks: Task[] = []
    agenda.beginTurn()
    for (let task = agenda.take(now); task; task = tasks.length < mostInOneTurn ? agenda.take(now) : undefined)
      tasks.push(task)
    return tasks
  }

  function turn(tasks: readonly Task[]): void {
    let firstAt: number | undefined
    for (const task of tasks) {
      const { stream, isArrival } = task
      const { rank = 0, workMs, waitMs, thenMs = 0 } = stream
      if (!isArrival) {
        now += thenMs
        end(task)
        continue
      }
      if (limiter.isPressed) {
        firstAt ??= now
        if (!limiter.admits(rank, now - firstAt, inFlight)) {
          now += shedMs * (1 - telling)
          rejected.add(task)
          continue
        }
      }
      inFlight += 1
      task.takenAt = now
      now += workMs
      if (waitMs === undefined) end(task)
      else continued.get(stream)!.push({ ...task, at: now + waitMs, isArrival: false })
    }
    if (firstAt === undefined) return
    rejected.run(limiter.endTurn(now - turnEndedAt, rejected.waitedMs))
    turnEndedAt = now
  }

  function end({ arrivedAt, takenAt, stream: { name = '' } }: Task): void {
    inFlight -= 1
    limiter.ended(name, now - takenAt)
    outcomes.push({ name, at: arrivedAt, shed: false, latencyMs: now - arrivedAt })
  }
}

function arrivalsOf(stream: Stream, random: () => number): Task[] {
  const { rate, from, to, atOnce } = stream
  const task = (at: number): Task => ({ at, arrivedAt: at, stream, isArrival: true, takenAt: at })
  if (atOnce !== undefined) return Array.from({ length: atOnce }, () => task(from))
  const tasks: Task[] = []
  for (let at = from; ;) {
    at += (-Math.log(1 - random()) * 1000) / rate
    if (at >= to) return tasks
    tasks.push(task(at))
  }
}

interface Queue {
  readonly tasks: Task[]
  readonly atATime: number
  taken: number
  takenInTurn: number
}

/** Tasks in the order of their moments: those that are known from the start, and for each stream those that continue. */
class Agenda {
  readonly #queues: Queue[] = []

  /** A stream's tasks continue in the order in which they were added, in each turn `atATime` at most. */
  addAll(tasks: Task[], atATime = Number.POSITIVE_INFINITY): void {
    this.#queues.push({ tasks, atATime, taken: 0, takenInTurn: 0 })
  }

  beginTurn(): void {
    for (const queue of this.#queues) queue.takenInTurn = 0
  }

  /** Takes the next one that is due in this turn. */
  take(now: number): Task | undefined {
    const queue = this.#next((one) => one.takenInTurn < one.atATime)
    const task = queue?.tasks[queue.taken]
    if (!queue || !task || task.at > now) return undefined
    queue.taken += 1
    queue.takenInTurn += 1
    return task
  }

  /** When the next one is due. */
  get nextAt(): number | undefined {
    const queue = this.#next(() => true)
    return queue?.tasks[queue.taken]?.at
  }

  #next(mayTake: (queue: Queue) => boolean): Queue | undefined {
    let first: Queue | undefined
    for (const queue of this.#queues) {
      const task = queue.tasks[queue.taken]
      if (task && mayTake(queue) && (!first || task.at < first.tasks[first.taken]!.at)) first = queue
    }
    return first
  }
}

/** Answers a second among those that came from and to these milliseconds, latency's percentile, share that was shed. */
export function summary(
  outcomes: readonly Outcome[],
  from: number,
  to: number,
): { goodput: number; p99: number; shed: number } {
  const within = outcomes.filter(({ at }) => at >= from && at < to)
  const served = within.filter(({ shed }) => !shed)
  const latencies = served.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b)
  return {
    goodput: (served.length * 1000) / (to - from),
    p99: latencies[Math.floor(latencies.length * 0.99)] ?? 0,
    shed: within.length === 0 ? 0 : 1 - served.length / within.length,
  }
}
