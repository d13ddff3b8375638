import { performance } from 'node:perf_hooks'
import type { StatementContext } from './context.ts'
import { timedOut } from '../errors/timedOut.ts'
import type { Observer, RequestScope } from '../api/observer.ts'
import type { Outlet } from '../api/outlet.ts'
import type { TransactionLimits } from '../api/transaction.ts'

/** The time limit and the signal of a whole transaction; the context of its statements. */
export class Deadline implements StatementContext {
  readonly request: RequestScope | undefined
  readonly observer: Observer | undefined
  readonly outlet: Outlet | undefined
  /** Set once the deadline has passed, so that statements in flight expire. */
  signal: AbortSignal | undefined
  /** Number of rows that a stream has yielded, to notice an abandoned stream; undefined when it is no stream. */
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

  /** Returns a deadline for a part of the work, which also ends with this one. Call `leave` when that part is done. */
  within({ signal, timeoutMs }: TransactionLimits): Deadline {
    const { request, observer, outlet } = this
    const inner = new Deadline({ signal, timeoutMs, request, observer, outlet }, this)
    this.#inner.add(inner)
    return inner
  }

  leave(): void {
    if (this.#outer) this.#outer.#inner.delete(this)
  }

  /** Whether it can ever end by itself. */
  get isLimited(): boolean {
    return this.#endsAt !== Infinity || !!this.#signal || !!this.request || this.#inner.size > 0
  }

  /** Whether it has ended, by its clock or its signal. */
  get isOver(): boolean {
    if (!this.signal) (this.#outer ?? this).sweep(performance.now())
    return this.signal !== undefined
  }

  get reason(): unknown {
    return this.signal?.reason
  }

  /** Throws the reason when it has ended, without reading the signal of the request. */
  assert(): void {
    this.signal?.throwIfAborted()
    this.#signal?.throwIfAborted()
    if (performance.now() >= this.#endsAt) throw timedOut(this.#timeoutMs!)
  }

  sweep(now: number): void {
    if (this.signal) return
    const signal = this.#signal ?? this.request?.signal
    if (signal?.aborted) this.#end(signal)
    else if (now >= this.#endsAt) this.end(timedOut(this.#timeoutMs!))
    else for (const inner of this.#inner) inner.sweep(now)
  }

  /** Ends it now. */
  end(reason: unknown): void {
    if (!this.signal) this.#end(AbortSignal.abort(reason))
  }

  #end(signal: AbortSignal): void {
    this.signal = signal
    for (const inner of this.#inner) if (!inner.signal) inner.#end(signal)
    for (const fn of this.#onOver) fn(signal.reason)
  }

  /** Calls `fn` with the reason when it ends, or at once when it has ended. Returns a function that removes the callback. */
  onOver(fn: (reason: unknown) => void): () => void {
    if (this.isOver) fn(this.reason)
    this.#onOver.add(fn)
    return () => this.#onOver.delete(fn)
  }

  /** Returns the result of the promise, or rejects with the reason when the deadline ends first. */
  race<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const remove = this.onOver(reject)
      promise.then(resolve, reject)
      promise.then(remove, remove)
    })
  }
}
