/** Notices when the oldest exchange of a connection stays the same from one sweep to the next. */
export class HeadWatch {
  #head: object | undefined
  #since = 0
  #stuckMs = 0

  /** Looks at the oldest exchange, at a time of `performance.now()`'s clock. */
  see(head: object | undefined, now: number): void {
    if (head === undefined || head !== this.#head) {
      this.#head = head
      this.#since = now
    }
    this.#stuckMs = now - this.#since
  }

  /** Milliseconds for which sweeps have seen this exchange as the oldest; 0 for another one. */
  stuckMs(head: object | undefined): number {
    return head === this.#head ? this.#stuckMs : 0
  }
}
