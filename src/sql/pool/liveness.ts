import type { Connection } from '../connection/connection.ts'
import { responds } from '../connection/probe.ts'
import { DatabaseError } from '../errors/databaseError.ts'
import type { Address } from '../url/settings.ts'

// After this time without a response, a probe finds out whether the server responds at all.
const suspectMs = 1000
const probeMs = 1000

/**
 * Finds connections to a server that no longer responds, and destroys them.
 *
 * A server that is stopped, or cut off silently, keeps its connections open and never responds.
 */
export class Liveness {
  readonly #connections: () => Connection[]
  #isProbing = false
  #notBefore = 0

  constructor(connections: () => Connection[]) {
    this.#connections = connections
  }

  /** Called with the longest time that a connection has waited for a response. */
  sweep(now: number, stuckMs: number): void {
    if (stuckMs > suspectMs && now > this.#notBefore && !this.#isProbing) void this.#probe()
  }

  async #probe(): Promise<void> {
    this.#isProbing = true
    const addresses = new Set(this.#connections().map(({ address }) => address))
    const dead = new Set<Address>()
    const probe = async (address: Address): Promise<void> => {
      if (!(await responds(address, probeMs))) dead.add(address)
    }
    await Promise.all([...addresses].map(probe))
    this.#isProbing = false
    this.#notBefore = performance.now() + suspectMs
    if (dead.size === 0) return
    for (const connection of this.#connections()) if (dead.has(connection.address)) connection.destroy(silent())
  }
}

/** The error of a connection whose server does not respond. */
export function silent(): DatabaseError {
  return new DatabaseError('08006', 'the database does not respond')
}
