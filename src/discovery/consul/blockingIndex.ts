/**
 * The index of a blocking query: where in the registry's history its last answer was.
 *
 * The rules are Consul's own, https://developer.hashicorp.com/consul/api-docs/features/blocking#implementation-details:
 * an index that goes backwards means that the history is another one now (a restored snapshot, a new server), and one
 * that is not above 0 would make the next query return at once, again and again.
 */
export class BlockingIndex {
  #value = 0

  /** The next query waits for something later than this; undefined: it asks for what is there now. */
  get value(): number | undefined {
    return this.#value || undefined
  }

  /** Takes the index of an answer; true when it does not follow on the last one, and the next query starts anew. */
  advance(received: number): boolean {
    const follows = Number.isSafeInteger(received) && received > 0 && received >= this.#value
    this.#value = follows ? received : 0
    return !follows
  }
}
