// What happens to a fleet, by name: each returns what was measured while it happened.
import { Simulation } from './simulation.mjs'

const perSecond = 25_000
const size = { instances: 10_000, callers: 1000 }

export const scenarios = {
  steady() {
    const sim = new Simulation(size)
    sim.run(10, perSecond)
    reset(sim)
    sim.run(10, perSecond)
    return measure(sim, { share: shareOf(sim, sim.instances), memory: true })
  },

  /** A tenth of the instances is replaced each second; new ones are three times slower in their first 2 s. */
  deploy() {
    const sim = new Simulation(size)
    sim.run(10, perSecond)
    reset(sim)
    const old = [...sim.instances]
    sim.run(12, perSecond, (second) => {
      const leaving = new Set(old.slice(second * 1000, (second + 1) * 1000))
      sim.instances = sim.instances.filter((instance) => !leaving.has(instance))
      for (const { zone } of leaving) sim.add(zone).coldUntil = sim.now + 2000
      sim.tell()
    })
    return measure(sim)
  },

  'slow zone (10×)': () => zoneTrouble((instance, on) => (instance.slowness = on ? 10 : 1), { zoned: false }),
  'slow zone, near callers': () => zoneTrouble((instance, on) => (instance.slowness = on ? 10 : 1), { zoned: true }),
  'dead zone': () => zoneTrouble((instance, on) => (instance.isDown = on), { zoned: false }),
  'dead zone, near callers': () => zoneTrouble((instance, on) => (instance.isDown = on), { zoned: true }),

  /** A twentieth of the instances leaves the registry and comes back, others each second. */
  flapping() {
    const sim = new Simulation(size)
    sim.run(10, perSecond)
    reset(sim)
    sim.run(10, perSecond, (second) => sim.tell(sim.instances.filter((_, n) => n % 20 !== second)))
    sim.tell()
    return measure(sim)
  },

  /** Every instance responds with 503 for 15 s. */
  'retry storm'() {
    const sim = new Simulation(size)
    sim.run(10, perSecond)
    for (const instance of sim.instances) instance.fails = true
    reset(sim)
    sim.run(15, perSecond)
    const during = measure(sim)
    for (const instance of sim.instances) instance.fails = false
    return { ...during, recoverS: recovery(sim, () => failureShare(sim) < 0.01) }
  },
}

/** A third of the instances is in trouble for 15 s. */
function zoneTrouble(trouble, { zoned }) {
  const sim = new Simulation({ ...size, zoned })
  sim.run(10, perSecond)
  reset(sim)
  const zone = sim.instances.filter((instance) => instance.zone === 'z1')
  for (const instance of zone) trouble(instance, true)
  sim.run(15, perSecond)
  const during = measure(sim, { share: shareOf(sim, zone), last: 5000 })
  for (const instance of zone) trouble(instance, false)
  const normal = 1 / 3
  return { ...during, recoverS: recovery(sim, () => shareOf(sim, zone) > normal / 2) }
}

function reset(sim) {
  sim.calls = { at: [], ms: [], failed: [] }
  sim.attempts = 0
  for (const instance of sim.instances) instance.taken = 0
}

/** Seconds until something holds for one of them. */
function recovery(sim, holds) {
  for (let second = 1; second <= 60; second++) {
    reset(sim)
    sim.run(1, perSecond)
    if (holds()) return second
  }
  return Number.POSITIVE_INFINITY
}

const failureShare = ({ calls }) => calls.failed.filter(Boolean).length / calls.failed.length

/** The share of the calls that some instances took; of all: the least, the usual and the most that one took. */
function shareOf(sim, some) {
  const taken = some.map((instance) => instance.taken)
  const sum = taken.reduce((a, b) => a + b, 0)
  if (some.length < sim.instances.length) return sum / sim.instances.reduce((all, one) => all + one.taken, 0)
  const relative = taken.map((count) => (count * taken.length) / sum).sort((a, b) => a - b)
  const at = (share) => relative[Math.floor(share * (relative.length - 1))].toFixed(2)
  return `${at(0.01)} / ${at(0.5)} / ${at(0.99)} × mean`
}

function measure(sim, { share, last, memory } = {}) {
  const { at, ms, failed } = sim.calls
  const since = last === undefined ? 0 : sim.now - last
  const latencies = ms.filter((_, n) => !failed[n] && at[n] >= since).sort((a, b) => a - b)
  const percentile = (share) => latencies[Math.floor(share * (latencies.length - 1))] ?? Number.NaN
  return {
    p50: percentile(0.5),
    p99: percentile(0.99),
    failures: failureShare(sim),
    amplification: sim.attempts / at.length,
    share,
    ...(memory && { kibPerCaller: memoryPerCaller(sim) }),
  }
}

function memoryPerCaller(sim) {
  reset(sim)
  globalThis.gc?.()
  const withCallers = process.memoryUsage().heapUsed
  const { length } = sim.callers
  sim.forgetCallers()
  globalThis.gc?.()
  return (withCallers - process.memoryUsage().heapUsed) / length / 1024
}
