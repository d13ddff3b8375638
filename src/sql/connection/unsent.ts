import type { Exchange } from './exchange.ts'

/** The exchanges of a connection that wait to be sent. */
export class Unsent<To> {
  /** Those that wait until the server has described the parameters of the one before them; undefined while none has to. */
  deferred: Exchange<To>[] | undefined
  /**
   * Behind a pooler: those that wait for the response of the one before. With that response the pooler may take the server
   * connection away, even if it has passed on half of the next exchange.
   */
  readonly queue: Exchange<To>[] = []

  get all(): readonly Exchange<To>[] {
    return this.deferred ? [...this.deferred, ...this.queue] : this.queue
  }

  /** Removes and returns all of them. */
  takeAll(): readonly Exchange<To>[] {
    const all = [...this.all]
    this.deferred = undefined
    this.queue.length = 0
    return all
  }
}
