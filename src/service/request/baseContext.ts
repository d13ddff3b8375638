import { identityValue, userAuthorization } from '../../auth/identity.ts'
import { GatewayTimeout } from '../../contract/serverErrors.ts'
import type { Logger } from '../../log/logger.ts'
import type { Cancellation } from '../../resilience/cancellation.ts'
import type { Database, ObservedStatement } from '../../sql/index.ts'
import { withoutLiterals } from '../../sqlText/literals.ts'
import type { Deadline } from '../../time/deadline.ts'
import type { Span } from '../../trace/span.ts'
import { describeValue } from '../../schema/describeValue.ts'
import type { RequestScope } from '../part.ts'
import { isThenable } from './thenable.ts'

/** The values of contexts, by name. Each is created when it is first read. */
export type ContextValues = readonly (readonly [name: string, make: (scope: RequestScope) => unknown])[]

/** Options of a detached context. */
export interface DetachedOptions {
  /** Milliseconds from now until its statements and calls are cancelled. */
  readonly timeoutMs: number
}

/** Keeps work that outlives its request. */
export interface WorkTracker {
  /** Returns a context like this one, with its own deadline. */
  detach(context: BaseContext, options: DetachedOptions): BaseContext
  /** Makes the drain wait for the promise. A rejection is logged. */
  until(name: string, promise: PromiseLike<unknown>): void
  /** Makes the drain wait for the promise. The caller handles a rejection. */
  track(name: string, promise: PromiseLike<unknown>): void
}

/** The base of all contexts: the values of the parts, `detached` and `waitUntil`. */
export abstract class BaseContext {
  readonly operation: string
  readonly deadline: Deadline
  readonly span: Span
  declare readonly log: Logger
  declare readonly db: Database
  /** The created values, in the order of the class's values. */
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

  /** Returns a context with the same values and its own deadline. The end of this context does not end it. */
  detached(options: DetachedOptions): BaseContext {
    return this.workTracker.detach(this, options)
  }

  /** Makes the drain of the service wait for a promise. */
  waitUntil(promise: PromiseLike<unknown>): void {
    if (!isThenable(promise)) throw new TypeError(`waitUntil: expected a promise, got ${describeValue(promise)}`)
    this.workTracker.until(this.operation, promise)
  }

  /** Who calls, as its request says. */
  get user(): unknown {
    return identityValue(this.request, 'user')
  }

  get key(): unknown {
    return identityValue(this.request, 'key')
  }

  get service(): unknown {
    return identityValue(this.request, 'service')
  }

  get userAuthorization(): string | undefined {
    return userAuthorization(this.request)
  }

  /** Logs a statement that the deadline has cancelled: the response does not say what it was waiting for. */
  cancelledStatement({ text }: ObservedStatement): void {
    if (!(this.cancellation.reason instanceof GatewayTimeout)) return
    this.log.warn({ statement: withoutLiterals(text) }, 'the deadline cancelled a statement')
  }

  abstract readonly request: RequestScope['request']
  abstract readonly cancellation: Cancellation
  protected abstract get workTracker(): WorkTracker

  /** Values are created again at the next read. */
  protected forgetMade(): void {
    this.#made = undefined
  }
}
