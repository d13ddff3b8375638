import { performance } from 'node:perf_hooks'
import type { StatementContext } from './context.ts'
import { tooLong } from '../errors/tooLong.ts'
import type { Observer, RequestScope } from '../api/observer.ts'
import type { Outlet } from '../api/outlet.ts'
import type { TransactionLimits } from '../api/transaction.ts'

/** The time and the signal that a whole transaction has; the context of its statements. */
export class Deadline implements StatementContext {
  readonly request: RequestScope | undefined
  readonly observer: Observer | undefined
  readonly outlet: Outlet | undefined
  /** Aborted once it is over, so that statements under way are given up. */
  signal: AbortSignal | undefined
  /** How many rows a stream has handed out, so that one that nobody reads is noticed; undefined: it is no stream. */
  rowsRead: number | undefined
  readonly #timeoutMs: number | undefined
  readonly #endsAt: number
  readonly #signal: AbortSignal | undefined
  readonly #outer: Deadline | undefined
  readonly #inner = new Set<Deadline>()
  readonly #onOver = new Set<(reason: unknown) => void>()

  constructor({ signal, timeoutMs, request, observer, outlet }: StatementContext, outer?: Deadline) {
    this.request = request
    this.observer = observer
    this.outlet = outlet
    this.#signal = signal
    this.#timeoutMs = timeoutMs
    this.#endsAt = timeoutMs === undefined ? Infinity : performance.now() + timeoutMs
    this.#outer = outer
  }

  /** A deadline for a part of what this one is for, which ends with whichever ends first; `leave` it when that part is done. */
  within({ signal, timeoutMs }: TransactionLimits): Deadline {
    const { request, observer, outlet } = this
    const inner = new Deadline({ signal, timeoutMs, request, observer, outlet }, this)
    this.#inner.add(inner)
    return inner
  }

  leave(): void {
    if (this.#outer) this.#outer.#inner.delete(this)
  }

  /** Whether it can ever be over by itself. */
  get isLimited(): boolean {
    return this.#endsAt !== Infinity || !!this.#signal || !!this.request || this.#inner.size > 0
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
    this.#signal?.throwIfAborted()
    if (performance.now() >= this.#endsAt) throw tooLong(this.#timeoutMs!)
  }

  sweep(now: number): void {
    if (this.signal) return
    const signal = this.#signal ?? this.request?.signal
    if (signal?.aborted) this.#end(signal)
    else if (now >= this.#endsAt) this.end(tooLong(this.#timeoutMs!))
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

  /** The promise's result, unless the deadline comes first: then rejects with its reason. */
  race<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const forget = this.onOver(reject)
      promise.then(resolve, reject)
      promise.then(forget, forget)
    })
  }
}
