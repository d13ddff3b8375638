import { Fleet, type FleetOptions, type PickPreferences } from '../../src/resilience/fleet.ts'
import type { Backend, Member } from '../../src/resilience/backend.ts'
import { noEjection } from '../../src/resilience/ejection.ts'
import { p2c } from '../../src/resilience/p2c.ts'
import { seededRandom, type Random } from '../../src/resilience/random.ts'
import { noSubset } from '../../src/resilience/subset.ts'

/** How an instance responds to a call at a moment: after how long, and whether with success. */
export type Behaviour = (name: string, now: number, random: Random) => { ms: number; fails?: boolean; isGone?: boolean }

/** Members by name, `a@zone/region*weight` in its longest form. */
export function members(...names: string[]): Member<string>[] {
  return names.map((text) => {
    const [, name, zone, region, weight] = /^([^@/*]+)(?:@([^/*]+))?(?:\/([^*]+))?(?:\*(.+))?$/.exec(text)!
    return { key: name!, item: name!, zone, region, weight: weight === undefined ? undefined : Number(weight) }
  })
}

export function fleetOf(options: Partial<FleetOptions> = {}): Fleet<string> {
  const random = seededRandom(7)
  return new Fleet({ balancer: p2c({ random }), ejection: noEjection, subset: noSubset, random, ...options })
}

/** Calls at a fixed rate in virtual time; gives how many each instance took. */
export function calls(
  fleet: Fleet<string>,
  { rate, from = 0, seconds }: { rate: number; from?: number; seconds: number },
  behave: Behaviour,
  preferences?: PickPreferences,
): Map<string, number> {
  const random = seededRandom(3)
  const taken = new Map<string, number>()
  const ends: { at: number; end: () => void }[] = []
  for (let n = 0; n < rate * seconds; n++) {
    const now = from + (n * 1000) / rate
    ends.sort((a, b) => a.at - b.at)
    while (ends[0] && ends[0].at <= now) ends.shift()!.end()
    const backend = fleet.pick(now, preferences)
    if (!backend) continue
    taken.set(backend.item, (taken.get(backend.item) ?? 0) + 1)
    const { ms, fails, isGone } = behave(backend.item, now, random)
    backend.begin(now)
    ends.push({ at: now + ms, end: () => settle(fleet, backend, now + ms, ms, fails, isGone) })
  }
  for (const { end } of ends) end()
  return taken
}

function settle(
  fleet: Fleet<string>,
  backend: Backend<string>,
  now: number,
  ms: number,
  fails = false,
  isGone = false,
): void {
  if (fails) fleet.failed(backend, now, ms, isGone ? 'gone' : 'failed')
  else backend.succeed(now, ms)
}

/** Shares of the calls by name. */
export function shares(taken: Map<string, number>): Record<string, number> {
  const all = [...taken.values()].reduce((a, b) => a + b, 0)
  return Object.fromEntries([...taken].map(([name, count]) => [name, count / all]))
}
