import { performance } from 'node:perf_hooks'
import type { RequestScope, TransactionLimits } from '../api.ts'
import type { Observer } from './observer.ts'
import type { Scope } from './scope.ts'
import { tooLong } from './statement.ts'

/** The time and the signal that a whole transaction has; the scope of its statements. */
export class Limit implements Scope {
  readonly request: RequestScope | undefined
  readonly observer: Observer | undefined
  /** Aborted once the limit is over, so that statements under way are given up. */
  signal: AbortSignal | undefined
  /** How many rows a stream has handed out, so that one that nobody reads is noticed; undefined: it is no stream. */
  rowsRead: number | undefined
  readonly #timeoutMs: number | undefined
  readonly #deadline: number
  readonly #given: AbortSignal | undefined
  readonly #outer: Limit | undefined
  readonly #inner = new Set<Limit>()
  readonly #onOver = new Set<(reason: unknown) => void>()

  constructor({ signal, timeoutMs, request, observer }: Scope, outer?: Limit) {
    this.request = request
    this.observer = observer
    this.#given = signal
    this.#timeoutMs = timeoutMs
    this.#deadline = timeoutMs === undefined ? Infinity : performance.now() + timeoutMs
    this.#outer = outer
  }

  /** A limit for a part of what this one is for, which is over when either is; `leave` it at the end of that part. */
  within({ signal, timeoutMs }: TransactionLimits): Limit {
    const inner = new Limit({ signal, timeoutMs, request: this.request, observer: this.observer }, this)
    this.#inner.add(inner)
    return inner
  }

  leave(): void {
    if (this.#outer) this.#outer.#inner.delete(this)
  }

  /** Whether it can ever be over by itself. */
  get isLimited(): boolean {
    return this.#deadline !== Infinity || !!this.#given || !!this.request || this.#inner.size > 0
  }

  /** Whether it is over now, by the clock and by the signal. */
  get isOver(): boolean {
    if (!this.signal) (this.#outer ?? this).sweep(performance.now())
    return this.signal !== undefined
  }

  get reason(): unknown {
    return this.signal?.reason
  }

  /** Throws the reason when it is over, without asking a request for its signal. */
  assert(): void {
    this.signal?.throwIfAborted()
    this.#given?.throwIfAborted()
    if (performance.now() >= this.#deadline) throw tooLong(this.#timeoutMs!)
  }

  sweep(now: number): void {
    if (this.signal) return
    const given = this.#given ?? this.request?.signal
    if (given?.aborted) this.#end(given)
    else if (now >= this.#deadline) this.end(tooLong(this.#timeoutMs!))
    else for (const inner of this.#inner) inner.sweep(now)
  }

  /** It is over, whatever its time and signal. */
  end(reason: unknown): void {
    if (!this.signal) this.#end(AbortSignal.abort(reason))
  }

  #end(signal: AbortSignal): void {
    this.signal = signal
    for (const inner of this.#inner) if (!inner.signal) inner.#end(signal)
    for (const tell of this.#onOver) tell(signal.reason)
  }

  /** Calls `tell` with the reason when it is over, at once when it is already; gives what takes that back. */
  onOver(tell: (reason: unknown) => void): () => void {
    if (this.isOver) tell(this.reason)
    this.#onOver.add(tell)
    return () => this.#onOver.delete(tell)
  }

  /** The promise's result, unless the limit is over first: then rejects with its reason. */
  race<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const forget = this.onOver(reject)
      promise.then(resolve, reject)
      promise.then(forget, forget)
    })
  }
}
