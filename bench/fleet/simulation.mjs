// Callers and instances in virtual time: every call, queue, timeout and retry, no sockets.
import { internals } from '../internals.mjs'

const { throttle, fullJitter, outlierEjection, Fleet, p2c, seededRandom, retryBudget, retryWhenSafe, subset } =
  await internals(
    'resilience/breaker.ts',
    'time/backoff.ts',
    'resilience/ejection.ts',
    'resilience/fleet.ts',
    'resilience/p2c.ts',
    'resilience/random.ts',
    'resilience/retryBudget.ts',
    'resilience/retry.ts',
    'resilience/subset.ts',
  )

const serviceMs = 100 // an instance works on one call at a time, so long on average (exponential)
const timeoutMs = 2000
const retries = 2
const zones = ['z1', 'z2', 'z3']

export class Simulation {
  now = 0
  instances = []
  /** One entry a finished call: when it began, how long it took, whether it failed. */
  calls = { at: [], ms: [], failed: [] }
  attempts = 0
  #random = seededRandom(1)
  #callers
  #ticks = new Map()
  #nextName = 0

  constructor({ instances, callers, zoned }) {
    for (let n = 0; n < instances; n++) this.add()
    this.#callers = Array.from({ length: callers }, (_, n) => {
      const random = seededRandom(n + 2)
      const zone = zoned ? zones[n % 3] : undefined
      const fleet = new Fleet({
        balancer: p2c({ random }),
        ejection: outlierEjection({ random }),
        subset: subset({ caller: n * 2654435761 }),
        random,
        region: zone && 'r1',
        zone,
      })
      return { fleet, budget: retryBudget(), breaker: throttle({ random }), backoff: fullJitter({ random }) }
    })
    this.tell()
  }

  /** A new instance, which callers do not know before `tell`. */
  add(zone = zones[this.#nextName % 3]) {
    const name = `i${this.#nextName++}`
    const instance = { name, zone, freeAt: 0, taken: 0, isDown: false, slowness: 1, fails: false, coldUntil: 0 }
    this.instances.push(instance)
    return instance
  }

  /** The registry tells every caller who is there. */
  tell(instances = this.instances) {
    const members = instances.map((item) => ({ key: item.name, item, region: 'r1', zone: item.zone }))
    for (const { fleet } of this.#callers) fleet.update(members, this.now)
  }

  get callers() {
    return this.#callers
  }

  /** Lets go of the callers and of what is on its way. */
  forgetCallers() {
    this.#callers = []
    this.#ticks.clear()
  }

  /** Runs on: so many calls a second of all callers together, `each(second)` at the start of each second. */
  run(seconds, perSecond, each = () => {}) {
    const start = this.now
    const gapMs = 1000 / perSecond
    let nextAt = start
    for (let second = 0; second < seconds; second++) {
      each(second)
      for (let tick = 0; tick < 1000; tick++) {
        const end = start + second * 1000 + tick + 1
        this.#finish(Math.floor(end) - 1)
        for (; nextAt < end; nextAt += gapMs) {
          this.now = nextAt
          this.#begin(this.#callers[Math.floor(this.#random() * this.#callers.length)])
        }
      }
    }
    this.now = start + seconds * 1000
  }

  #begin(caller) {
    caller.budget.deposit(this.now)
    this.#attempt({ caller, at: this.now, retry: 0, tried: [] })
  }

  #attempt(call) {
    const { caller, at, tried } = call
    if (!caller.breaker.allows(this.now)) return this.#end(call, true)
    const backend = caller.fleet.pick(this.now, {}, tried)
    if (!backend) return this.#end(call, true)
    tried.push(backend)
    backend.begin(this.now)
    this.attempts += 1
    const begun = this.now
    const { finish, failure } = this.#serve(backend.item, at + timeoutMs)
    this.#at(finish, () => {
      const ms = this.now - begun
      if (failure === undefined) {
        backend.succeed(this.now, ms)
        caller.breaker.succeeded(this.now)
        return this.#end(call, false)
      }
      caller.fleet.failed(backend, this.now, ms, failure === 'not sent' ? 'gone' : 'failed')
      caller.breaker.failed(this.now)
      const waitMs = caller.backoff(call.retry + 1)
      const mayRetry = call.retry < retries && retryWhenSafe(failure, true) && this.now + waitMs < at + timeoutMs
      if (!mayRetry || !caller.budget.withdraw(this.now)) return this.#end(call, true)
      call.retry += 1
      this.#at(this.now + waitMs, () => this.#attempt(call))
    })
  }

  /** When an instance responds, and how. */
  #serve(instance, deadline) {
    instance.taken += 1
    if (instance.isDown) return { finish: this.now + 1, failure: 'not sent' }
    if (instance.fails) return { finish: this.now + 2, failure: 'unavailable' }
    const slowness = instance.slowness * (this.now < instance.coldUntil ? 3 : 1)
    const start = Math.max(this.now, instance.freeAt)
    // What is past its deadline when its turn comes is dropped unserved.
    const finish = start >= deadline ? start : start - serviceMs * slowness * Math.log(1 - this.#random())
    instance.freeAt = finish
    return finish > deadline ? { finish: deadline, failure: 'final' } : { finish }
  }

  #end({ at }, failed) {
    this.calls.at.push(at)
    this.calls.ms.push(this.now - at)
    this.calls.failed.push(failed)
  }

  #at(time, what) {
    const tick = Math.floor(time)
    const events = this.#ticks.get(tick)
    if (events) events.push({ time, what })
    else this.#ticks.set(tick, [{ time, what }])
  }

  /** What was due up to a tick; within one, in the order of being planned. */
  #finish(tick) {
    const events = this.#ticks.get(tick)
    if (!events) return
    for (const { time, what } of events) {
      this.now = time
      what()
    }
    this.#ticks.delete(tick)
  }
}

/** The same calls with an oracle that knows every queue: with one instance in four busy, none ever waits. */
export function oracleMs(percentile) {
  return -serviceMs * Math.log(1 - percentile / 100)
}
