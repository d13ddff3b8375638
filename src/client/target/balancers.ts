import { consistentHash } from '../../resilience/consistentHash.ts'
import { leastLoaded } from '../../resilience/leastLoaded.ts'
import { p2c } from '../../resilience/p2c.ts'
import { randomChoice } from '../../resilience/randomChoice.ts'
import { roundRobin } from '../../resilience/roundRobin.ts'
import type { Balancer } from '../../resilience/balancer.ts'
import type { BalancerName } from '../types.ts'

/** The balancers by their names in the options. */
export const balancers: { readonly [Name in BalancerName]: () => Balancer } = {
  p2c,
  'round-robin': roundRobin,
  random: randomChoice,
  'least-loaded': leastLoaded,
  'consistent-hash': consistentHash,
}
