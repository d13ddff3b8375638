import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { noEjection, outlierEjection } from '../../src/resilience/ejection.ts'
import { tiersOf } from '../../src/resilience/locality.ts'
import { noSubset, subset } from '../../src/resilience/subset.ts'
import { Backend } from '../../src/resilience/backend.ts'
import { calls, fleetOf, members, shares, type Behaviour } from './simulate.ts'

const ejection = outlierEjection({ random: () => 0.5 })
const well: Behaviour = () => ({ ms: 2 })
const deadAre =
  (...dead: string[]): Behaviour =>
  (name) =>
    dead.includes(name) ? { ms: 1, fails: true, isGone: true } : { ms: 2 }

describe('an instance that closes its connections', () => {
  const leave = (names: string[], leaving: string[]) => {
    const fleet = fleetOf({ ejection })
    fleet.update(members(...names), 0)
    for (const backend of fleet.backends) backend.keepsConnections = true
    for (const backend of fleet.backends) if (leaving.includes(backend.key)) fleet.leaves(backend, 0)
    return fleet
  }

  it('is avoided for five seconds, however many others are ejected', () => {
    const fleet = leave(['a', 'b', 'c'], ['a'])
    const [, b] = fleet.backends
    b!.begin(0)
    fleet.failed(b!, 0, 1, 'gone')
    expect([...calls(fleet, { rate: 100, seconds: 4.9 }, well).keys()]).toEqual(['c'])
    expect([...calls(fleet, { rate: 100, seconds: 4, from: 5000 }, well).keys()].sort()).toEqual(['a', 'c'])
    expect(fleet.ejected).toBe(1)
  })

  it('is used when there is no other', () => {
    expect(calls(leave(['a'], ['a']), { rate: 100, seconds: 1 }, well).get('a')).toBe(100)
  })

  it('is not avoided when it never kept a connection open', () => {
    const fleet = fleetOf({ ejection })
    fleet.update(members('a', 'b'), 0)
    for (const backend of fleet.backends) {
      if (backend.key === 'a') fleet.leaves(backend, 0)
      else backend.keepsConnections = true
    }
    expect(shares(calls(fleet, { rate: 300, seconds: 4 }, well))['a']).toBeGreaterThan(0.4)
  })
})

describe('ejection', () => {
  const five = (times: number, now = 0) => {
    const fleet = fleetOf({ ejection })
    fleet.update(members('a', 'b', 'c'), 0)
    const [a] = fleet.backends
    for (let n = 0; n < times; n++) {
      a!.begin(now)
      fleet.failed(a!, now, 1)
    }
    return { fleet, a: a! }
  }

  it('needs five failures in a row without a success', () => {
    expect(five(4).fleet.ejected).toBe(0)
    const { fleet, a } = five(4)
    a.begin(0)
    a.succeed(0, 1)
    a.begin(0)
    fleet.failed(a, 0, 1)
    expect(fleet.ejected).toBe(0)
    expect(five(5).fleet.ejected).toBe(1)
  })

  it('happens at once when an instance accepts no connections', () => {
    const { fleet, a } = five(0)
    a.begin(0)
    fleet.failed(a, 0, 1, 'gone')
    expect(fleet.ejected).toBe(1)
  })

  it('lasts 30 s, then 60 s, at most 300 s, and is forgotten with time', () => {
    const { fleet, a } = five(5)
    const eject = (now: number): number => {
      fleet.pick(now)
      a.begin(now)
      fleet.failed(a, now, 1, 'gone')
      return a.ejectedUntil - now
    }
    expect(a.ejectedUntil).toBe(30_000)
    expect(eject(30_000)).toBe(60_000)
    let now = 90_000
    for (let n = 0; n < 12; n++) {
      const ms = eject(now)
      expect(ms).toBeLessThanOrEqual(300_000)
      now += ms
    }
    expect(eject(now)).toBe(300_000)
    expect(eject(now + 300_000 + 30_000 * 20)).toBe(30_000)
  })

  it('sends nothing to ejected instances, and their share when they are back', () => {
    const fleet = fleetOf({ ejection })
    fleet.update(members('a', 'b', 'c'), 0)
    calls(fleet, { rate: 300, seconds: 1 }, deadAre('c'))
    expect(calls(fleet, { rate: 300, seconds: 20, from: 1000 }, well).get('c')).toBeUndefined()
    calls(fleet, { rate: 300, seconds: 20, from: 21_000 }, well)
    expect(shares(calls(fleet, { rate: 300, seconds: 20, from: 41_000 }, well))['c']).toBeGreaterThan(0.28)
  })

  it('ejects at most half; above that all are used', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.nat(), (count, seed) => {
        const names = Array.from({ length: count }, (_, i) => `i${i}`)
        const dead = names.slice(0, seed % (count + 1))
        const fleet = fleetOf({ ejection })
        fleet.update(members(...names), 0)
        const taken = calls(fleet, { rate: 500, seconds: 20 }, deadAre(...dead))
        expect([...taken.values()].reduce((a, b) => a + b, 0)).toBe(10_000) // somebody took each call
        expect(fleet.ejected).toBe(dead.length)
      }),
      { numRuns: 20 },
    )
  })

  it('never happens when it is switched off', () => {
    const fleet = fleetOf({ ejection: noEjection })
    fleet.update(members('a', 'b', 'c'), 0)
    calls(fleet, { rate: 300, seconds: 10 }, deadAre('c'))
    expect(fleet.ejected).toBe(0)
  })
})

describe('localities', () => {
  const near = ['a1@z1/r1', 'a2@z1/r1', 'b1@z2/r1', 'b2@z2/r1', 'far@z9/r2']
  const takenFrom = (dead: string[], options = {}, preferences = {}): Record<string, number> => {
    const fleet = fleetOf({ ejection, region: 'r1', zone: 'z1', ...options })
    fleet.update(members(...near), 0)
    calls(fleet, { rate: 300, seconds: 2 }, deadAre(...dead))
    return shares(calls(fleet, { rate: 300, seconds: 20, from: 2000 }, well, preferences))
  }

  it('keeps a call in its zone while that is healthy', () => {
    expect(Object.keys(takenFrom([])).sort()).toEqual(['a1', 'a2'])
  })

  it('spills over to the other zones of the region by the healthy share', () => {
    const share = takenFrom(['a1'])
    expect(share['a2']).toBeCloseTo(0.7, 1) // 1.4 × one half
    expect(share['b1']! + share['b2']!).toBeCloseTo(0.3, 1)
    expect(share['far']).toBeUndefined()
  })

  it('spills over to the other regions when the region is unhealthy', () => {
    const share = takenFrom(['a1', 'b1'])
    expect(share['far']).toBeCloseTo(0.3, 1)
  })

  it('sends a call to the region that it names', () => {
    expect(Object.keys(takenFrom([], {}, { region: 'r2' }))).toEqual(['far'])
  })

  it('gives a zone with fewer instances what it can take', () => {
    const [tier] = tiersOf(
      members('a@z1/r', 'b@z2/r', 'c@z2/r', 'd@z2/r').map((member) => new Backend(member, 0, 0, 0)),
      { region: 'r', zone: 'z1' },
      () => true,
    )
    expect(tier!.upTo).toBeCloseTo((1.4 * 1 * 2) / 4)
  })

  it('keeps partitioned calls in their region, even if all there fail', () => {
    const regions = ['r1', 'r2', 'r3']
    const instance = fc.record({ region: fc.constantFrom(...regions), ejected: fc.boolean() })
    fc.assert(
      fc.property(
        fc.array(instance, { maxLength: 12 }),
        fc.option(fc.constantFrom(...regions, 'elsewhere')),
        (all, region) => {
          const fleet = fleetOf({ ejection, partitioned: true })
          fleet.update(members(...all.map(({ region }, i) => `i${i}@z/${region}`)), 0)
          for (const [at, backend] of [...fleet.backends].entries()) {
            backend.begin(0)
            if (all[at]!.ejected) fleet.failed(backend, 0, 1, 'gone')
            else backend.end()
          }
          for (let n = 0; n < 20; n++) {
            const picked = fleet.pick(n, { region: region ?? undefined })
            expect(picked?.region).toBe(all.some((one) => one.region === region) ? region : undefined)
          }
        },
      ),
    )
  })

  it('picks an instance for every call while there is any', () => {
    const instance = fc.record({
      region: fc.constantFrom('r1', 'r2'),
      zone: fc.constantFrom('z1', 'z2'),
      down: fc.boolean(),
    })
    fc.assert(
      fc.property(
        fc.array(instance, { minLength: 1, maxLength: 12 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (all, point) => {
          const backends = all.map(
            ({ region, zone, down }, i) => new Backend({ key: `${i}`, item: down, region, zone }, 0, 0, 0),
          )
          const tiers = tiersOf(backends, { region: 'r1', zone: 'z1' }, ({ item }) => !item)
          expect(tiers.at(-1)!.upTo).toBe(1)
          const found = tiers.find(({ upTo }) => point < upTo) ?? tiers.at(-1)!
          expect(found.candidates.length).toBeGreaterThan(0)
          // Ejected instances are used only when there are no others.
          if (backends.some(({ item }) => !item)) expect(found.candidates.every(({ item }) => !item)).toBe(true)
        },
      ),
    )
  })
})

describe('a subset', () => {
  const all = (count: number) => Array.from({ length: count }, (_, i) => ({ key: `10.0.${i >> 8}.${i & 255}:80` }))

  it('has a hundred instances, stable per caller and different between callers', () => {
    const of = (caller: number) => subset({ caller })(all(1000)).map(({ key }) => key)
    expect(of(1).length).toBe(100)
    expect(of(1)).toEqual(of(1))
    expect(of(1).filter((key) => of(2).includes(key)).length).toBeLessThan(30)
    expect(subset({ caller: 1 })(all(100)).length).toBe(100)
    expect(noSubset(all(1000)).length).toBe(1000)
  })

  it('changes by one place when an instance is removed', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat({ max: 499 }), (caller, gone) => {
        const choose = subset({ caller })
        const before = choose(all(500)).map(({ key }) => key)
        const after = choose(all(500).filter((_, at) => at !== gone)).map(({ key }) => key)
        expect(before.filter((key) => !after.includes(key)).length).toBeLessThanOrEqual(1)
      }),
      { numRuns: 50 },
    )
  })

  it('fills half with its own region and the rest with all others', () => {
    const regions = ['r1', 'r2', 'r3']
    const placed = all(900).map((one, i) => ({ ...one, region: regions[i % 3] }))
    const chosen = subset({ caller: 5, region: 'r2' })(placed)
    expect(regions.map((region) => chosen.filter((one) => one.region === region).length)).toEqual([25, 50, 25])
  })

  it('gives every instance about as many callers', () => {
    const known = new Map<string, number>()
    for (let caller = 0; caller < 400; caller++) {
      for (const { key } of subset({ caller: caller * 7919 })(all(1000))) known.set(key, (known.get(key) ?? 0) + 1)
    }
    expect(known.size).toBe(1000) // 40 each on average
    expect(Math.min(...known.values())).toBeGreaterThan(15)
    expect(Math.max(...known.values())).toBeLessThan(75)
  })
})
