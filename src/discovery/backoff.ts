import { addedJitter, type Backoff } from '../time/backoff.ts'

/** How queries of a registry that does not respond are retried: after half a second, doubled up to 15 s, and up to a third more. */
export function registryBackoff(random: () => number): Backoff {
  return addedJitter({ baseMs: 500, capMs: 15_000, random })
}
