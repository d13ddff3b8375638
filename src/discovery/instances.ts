import type { ValueOperations } from './lastKnown.ts'
import type { Instance } from './registry.ts'

/** Sets of instances, sorted by id. */
export const instanceSets: ValueOperations<readonly Instance[]> = {
  isEmpty: (instances) => instances.length === 0,
  equals: (a, b) => a.length === b.length && a.every((instance, i) => sameInstance(instance, b[i]!)),
  merge(known, reported) {
    const ids = new Set(reported.map(({ id }) => id))
    return byId([...reported, ...known.filter(({ id }) => !ids.has(id))])
  },
}

/** Sorts instances by id. */
export function byId(instances: readonly Instance[]): readonly Instance[] {
  return instances.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

/** Formats an address and a port for a URL. */
export function hostPort(address: string, port: number): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`
}

/** Returns the origin of an instance, such as `https://10.0.0.8:8021`. */
export function originOf({ secure, address, port }: Instance): string {
  return `${secure ? 'https' : 'http'}://${hostPort(address, port)}`
}

function sameInstance(a: Instance, b: Instance): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
