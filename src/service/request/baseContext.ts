import type { Logger } from '../../log/logger.ts'
import type { Database } from '../../sql/index.ts'
import type { Deadline } from '../../time/deadline.ts'
import type { Span } from '../../trace/span.ts'
import type { RequestScope } from '../part.ts'

/** The values that contexts offer, by name; each is made when it is first read. */
export type ContextValues = readonly (readonly [name: string, make: (scope: RequestScope) => unknown])[]

/** How long work goes on that its request does not end. */
export interface DetachedOptions {
  /** Milliseconds from now until its statements and calls are cancelled. */
  readonly timeoutMs: number
}

/** Keeps what outlives a request. */
export interface WorkTracker {
  /** A context like this one, under a deadline of its own. */
  detach(context: BaseContext, options: DetachedOptions): BaseContext
  /** The drain waits for the promise; a rejection is logged. */
  until(name: string, promise: PromiseLike<unknown>): void
  /** The drain waits for the promise; whoever made it handles a rejection. */
  track(name: string, promise: PromiseLike<unknown>): void
}

/** What every context has: the values of the parts, and ways to outlive itself. */
export abstract class BaseContext {
  readonly operation: string
  readonly deadline: Deadline
  readonly span: Span
  declare readonly log: Logger
  declare readonly db: Database
  /** The values that have been made, in the order of the class's values. */
  #made: unknown[] | undefined

  constructor(operation: string, deadline: Deadline, span: Span) {
    this.operation = operation
    this.deadline = deadline
    this.span = span
  }

  /** Compiles a class of contexts: adds a getter for each value. */
  static define(Class: { readonly prototype: BaseContext }, values: ContextValues): void {
    const unmade: readonly unknown[] = values.map(() => undefined)
    for (const [i, [name, make]] of values.entries()) {
      Object.defineProperty(Class.prototype, name, {
        enumerable: true,
        get(this: BaseContext & RequestScope): unknown {
          const made = (this.#made ??= [...unmade])
          return (made[i] ??= make(this))
        },
      })
    }
  }

  /** A context with the same values, under a deadline of its own: the end of this one does not end it. */
  detached(options: DetachedOptions): BaseContext {
    return this.workTracker.detach(this, options)
  }

  /** Has the drain of the service wait for a promise that nobody awaits. */
  waitUntil(promise: PromiseLike<unknown>): void {
    this.workTracker.until(this.operation, promise)
  }

  protected abstract get workTracker(): WorkTracker

  /** Values are made anew when they are read again. */
  protected forgetMade(): void {
    this.#made = undefined
  }
}
