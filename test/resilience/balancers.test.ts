import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Backend } from '../../src/resilience/backend.ts'
import { firstOnly } from '../../src/resilience/balancer.ts'
import { consistentHash } from '../../src/resilience/consistentHash.ts'
import { leastLoaded } from '../../src/resilience/leastLoaded.ts'
import { p2c } from '../../src/resilience/p2c.ts'
import { seededRandom } from '../../src/resilience/random.ts'
import { randomChoice } from '../../src/resilience/randomChoice.ts'
import { roundRobin } from '../../src/resilience/roundRobin.ts'
import { calls, fleetOf, members, shares, type Behaviour } from './simulate.ts'

const random = seededRandom(11)
const all = {
  p2c: p2c({ random }),
  roundRobin: roundRobin(),
  randomChoice: randomChoice({ random }),
  leastLoaded: leastLoaded({ random }),
  consistentHash: consistentHash({ random }),
  firstOnly,
}
const backends = (count: number): Backend[] =>
  Array.from({ length: count }, (_, i) => new Backend({ key: `k${i}`, item: i }, Number.NEGATIVE_INFINITY, 0, 0))
const twoMs: Behaviour = (_name, _now, random) => ({ ms: 1 + 2 * random() })

describe.each(Object.entries(all))('%s', (_, balancer) => {
  it('picks one of the candidates, or undefined without any', () => {
    expect(balancer.pick([], 0)).toBeUndefined()
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.array(fc.nat({ max: 39 })), fc.string(), (count, busy, key) => {
        const candidates = backends(count)
        for (const at of busy) candidates[at % count]!.begin(1)
        expect(candidates).toContain(balancer.pick(candidates, 5, key))
      }),
    )
  })
})

describe('power of two choices', () => {
  it.each([3, 5, 10])('gives %i equal instances equal shares', (count) => {
    const names = Array.from({ length: count }, (_, i) => `i${i}`)
    const fleet = fleetOf()
    fleet.update(members(...names), 0)
    const share = shares(calls(fleet, { rate: 500, seconds: 60 }, twoMs))
    for (const name of names) expect(Math.abs(share[name]! - 1 / count)).toBeLessThan(0.03)
  })

  it('gives an instance slower by 200 ms at most a twentieth of the calls', () => {
    const fleet = fleetOf()
    fleet.update(members('a', 'b', 'slow'), 0)
    const behave: Behaviour = (name, now, random) => ({ ms: twoMs(name, now, random).ms + (name === 'slow' ? 200 : 0) })
    const share = shares(calls(fleet, { rate: 300, seconds: 60 }, behave))
    expect(share['slow']).toBeLessThan(0.05)
    expect(share['slow']).toBeGreaterThan(0)
  })

  it('probes unpicked instances, so that one that was slow gets its share again', () => {
    const fleet = fleetOf()
    fleet.update(members('a', 'b', 'slow'), 0)
    const slowAtFirst: Behaviour = (name, now, random) => ({
      ms: twoMs(name, now, random).ms + (name === 'slow' && now < 10_000 ? 200 : 0),
    })
    calls(fleet, { rate: 300, seconds: 10 }, slowAtFirst)
    calls(fleet, { rate: 300, seconds: 60, from: 10_000 }, slowAtFirst)
    const share = shares(calls(fleet, { rate: 300, seconds: 30, from: 70_000 }, slowAtFirst))
    expect(share['slow']).toBeGreaterThan(0.25)
  })

  it('shares by weight', () => {
    const fleet = fleetOf()
    fleet.update(members('a*2', 'b*1', 'c*1'), 0)
    const share = shares(calls(fleet, { rate: 300, seconds: 60 }, twoMs))
    expect(share['a']).toBeGreaterThan(0.4)
    expect(share['a']).toBeLessThan(0.6)
  })

  it('starts a new instance slowly', () => {
    const fleet = fleetOf()
    fleet.update(members('a', 'b'), 0)
    calls(fleet, { rate: 300, seconds: 10 }, twoMs)
    fleet.update(members('a', 'b', 'new'), 10_000)
    const first = shares(calls(fleet, { rate: 300, seconds: 1, from: 10_000 }, twoMs))['new'] ?? 0
    const second = shares(calls(fleet, { rate: 300, seconds: 4, from: 11_000 }, twoMs))['new']!
    calls(fleet, { rate: 300, seconds: 15, from: 15_000 }, twoMs)
    const last = shares(calls(fleet, { rate: 300, seconds: 20, from: 30_000 }, twoMs))['new']!
    expect(first).toBeLessThan(0.2)
    expect(second).toBeGreaterThan(first)
    expect(last).toBeGreaterThan(0.28)
  })

  it('does not prefer an instance that fails fast', () => {
    const fleet = fleetOf()
    fleet.update(members('a', 'b', 'broken'), 0)
    const behave: Behaviour = (name, now, random) =>
      name === 'broken' ? { ms: 0.1, fails: true } : twoMs(name, now, random)
    expect(shares(calls(fleet, { rate: 300, seconds: 30 }, behave))['broken']).toBeLessThan(0.05)
  })
})

describe('consistent hash', () => {
  const keys = Array.from({ length: 2000 }, (_, i) => `key ${i}`)
  const owners = (balancer: ReturnType<typeof consistentHash>, candidates: readonly Backend[]): string[] =>
    keys.map((key) => balancer.pick(candidates, 0, key)!.key)

  it('gives a key the same instance in any order of instances', () => {
    const candidates = backends(10)
    expect(owners(consistentHash(), candidates)).toEqual(owners(consistentHash(), candidates.toReversed()))
  })

  it('moves only the keys of a removed instance', () => {
    const candidates = backends(10)
    const before = owners(consistentHash(), candidates)
    const after = owners(consistentHash(), candidates.slice(1))
    for (const [at, owner] of before.entries()) if (owner !== 'k0') expect(after[at]).toBe(owner)
    expect(before.filter((owner) => owner === 'k0').length).toBeLessThan(keys.length * 0.15)
  })

  it('bounds the load of a hot key', () => {
    const candidates = backends(10)
    const balancer = consistentHash()
    for (let n = 0; n < 1000; n++) balancer.pick(candidates, 0, 'hot')!.begin(0)
    expect(Math.max(...candidates.map(({ inFlight }) => inFlight))).toBeLessThanOrEqual(Math.ceil(1000 * 0.125))
  })
})
