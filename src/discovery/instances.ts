import type { Kind } from './belief.ts'
import type { Instance } from './registry.ts'

/** Sets of instances, in the order of their ids. */
export const instanceSets: Kind<readonly Instance[]> = {
  isEmpty: (instances) => instances.length === 0,
  equals: (a, b) => a.length === b.length && a.every((instance, i) => sameInstance(instance, b[i]!)),
  merge(known, told) {
    const ids = new Set(told.map(({ id }) => id))
    return byId([...told, ...known.filter(({ id }) => !ids.has(id))])
  },
}

/** Puts instances into the order of their ids. */
export function byId(instances: readonly Instance[]): readonly Instance[] {
  return instances.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

/** An address and a port as they stand in a URL. */
export function hostPort(address: string, port: number): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`
}

/** Where an instance answers, as the start of a URL. */
export function originOf({ secure, address, port }: Instance): string {
  return `${secure ? 'https' : 'http'}://${hostPort(address, port)}`
}

function sameInstance(a: Instance, b: Instance): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
