import { AsyncLocalStorage } from 'node:async_hooks'
import type { SpanShape } from './shape.ts'
import type { Span } from './span.ts'
import type { SpanRecord } from './spanRecord.ts'

/** A log, as far as a span needs one. */
export type LevelLog = Readonly<
  Record<'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal', (fields: object, message: string) => void>
>

/** What code runs under: a request's context, or a part of one. */
export interface SpanScope {
  readonly span: Span
  readonly log: LevelLog
}

/** A context that is handed on with another span: what is done through it belongs to that one. */
export interface SpanContext extends SpanScope {
  /** The same context with another span. */
  withSpan(span: Span): SpanContext
}

/** Whether a value is a context, to be handed on. */
export function isSpanContext(value: unknown): value is SpanContext {
  return typeof value === 'object' && value !== null && typeof (value as Partial<SpanContext>).withSpan === 'function'
}

/** Where the work of a process begins that belongs to no request: a job, a listener. */
export interface Home {
  /** The first span of a new trace. */
  root(shape: SpanShape, startedAt: number): SpanRecord
  readonly log: LevelLog
}

/** Runs a function in a scope of another sort as well. */
type Around = <Result>(scope: SpanScope, fn: () => Result) => Result

/**
 * The scope of code that cannot be handed a context.
 *
 * It costs every promise of every request a little, before Node 24 more than that, so it is off until somebody wants it.
 */
class Ambient {
  isWanted = false
  /** Of the service that runs here; where there are several, of the one that started first. */
  home: Home | undefined
  readonly #storage = new AsyncLocalStorage<SpanScope>()
  #around: Around | undefined

  /** From now on requests run in their scope, and in what `around` opens; for the rest of the process. */
  want(around?: Around): void {
    this.isWanted = true
    this.#around ??= around
  }

  get scope(): SpanScope | undefined {
    return this.isWanted ? this.#storage.getStore() : undefined
  }

  run<Result>(scope: SpanScope | undefined, fn: () => Result): Result {
    const around = this.#around
    return this.#storage.run(scope as SpanScope, around && scope ? () => around(scope, fn) : fn)
  }
}

/** There is one in a process, as with `AsyncLocalStorage` itself. */
export const ambient: Ambient = new Ambient()
