/**
 * The index of a blocking query: the point in the registry's history of its last response.
 *
 * Consul sets the rules: https://developer.hashicorp.com/consul/api-docs/features/blocking#implementation-details.
 * An index that goes backwards means a new history: a restored snapshot or a new server.
 * An index that is not above 0 would make every next query return at once, in a busy loop.
 */
export class BlockingIndex {
  #value = 0

  /** The index that the next query waits to pass; undefined: it does not wait. */
  get value(): number | undefined {
    return this.#value || undefined
  }

  /** Takes the index of a response. Returns whether the history is a new one, so that the next query starts over. */
  advance(received: number): boolean {
    const follows = Number.isSafeInteger(received) && received > 0 && received >= this.#value
    this.#value = follows ? received : 0
    return !follows
  }
}
