import { AsyncLocalStorage } from 'node:async_hooks'
import type { SpanTemplate } from './spanTemplate.ts'
import type { Span } from './span.ts'
import type { SpanRecord } from './spanRecord.ts'

/** The part of a log that a span needs. */
export type LevelLog = Readonly<
  Record<'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal', (fields: object, message: string) => void>
>

/** The context that code runs in: a request's, or a part of one. */
export interface SpanScope {
  readonly span: Span
  readonly log: LevelLog
}

/** A context that can be copied with another span, under which its calls and statements then are. */
export interface SpanContext extends SpanScope {
  /** Returns the same context with another span. */
  withSpan(span: Span): SpanContext
}

/** Whether a value is such a context. */
export function isSpanContext(value: unknown): value is SpanContext {
  return typeof value === 'object' && value !== null && typeof (value as Partial<SpanContext>).withSpan === 'function'
}

/** The start of work that belongs to no request: a job or a listener. */
export interface Home {
  /** Starts the first span of a new trace. */
  root(template: SpanTemplate, startedAt: number): SpanRecord
  readonly log: LevelLog
}

/** Runs a function inside another library's scope, too. */
type Around = <Result>(scope: SpanScope, fn: () => Result) => Result

/**
 * The scope for code that receives no context as an argument.
 *
 * It makes every promise of every request a little slower, more so before Node 24, so it is off until it is needed.
 */
class Ambient {
  isWanted = false
  /** The root of the service in this process; with more than one service, of the first. */
  home: Home | undefined
  readonly #storage = new AsyncLocalStorage<SpanScope>()
  #around: Around | undefined

  /** Opens the scope for requests, and those of `around`, for the rest of the process. */
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

/** One per process, like `AsyncLocalStorage` itself. */
export const ambient: Ambient = new Ambient()
