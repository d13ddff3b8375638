import { compileOptionsCheck, type Rule } from '../../config/rule.ts'
import { abortSignal, text } from '../../config/rules.ts'
import type { LateLog } from '../../log/late.ts'
import { Cancellation } from '../../resilience/cancellation.ts'
import { Deadline } from '../../time/deadline.ts'
import { longestTimerMs } from '../../time/longestTimer.ts'
import { ambient } from '../../trace/ambient.ts'
import type { RunOptions } from '../definition/hooks.ts'
import type { RequestScope, Work, WorkOptions } from '../part.ts'
import type { ServiceTracer } from '../parts/tracing/serviceTracer.ts'
import type { BaseContext, ContextValues, DetachedOptions, WorkTracker } from '../request/baseContext.ts'
import { pastDeadline } from '../request/pastDeadline.ts'
import { BackgroundContext, messageOrigin, type BackgroundClass, type Origin } from './backgroundContext.ts'

/** Work that is running outside requests. */
interface Running {
  readonly name: string
  readonly startedAt: number
}

/** Background work that has begun. */
export interface StartedWork {
  readonly context: BackgroundContext
  readonly fail: (error: unknown) => void
  readonly end: () => void
}

/** The cancellation of work, and the function that ends its timer. */
interface CancellationOfWork {
  readonly own: Cancellation
  readonly forget: () => void
}

/** The state once the parts are open. */
interface Opened {
  readonly Context: BackgroundClass
  readonly tracing: ServiceTracer
}

/** The background work of a service: work that outlives its request, and work without a request. */
export class BackgroundWork implements Work, WorkTracker {
  readonly #log: LateLog
  readonly #running = new Set<Running>()
  readonly #cancellations = new Set<Cancellation>()
  readonly #waiting: (() => void)[] = []
  #cancelled: Error | undefined
  #opened: Opened | undefined

  constructor(log: LateLog) {
    this.#log = log
  }

  /** Whether work may begin. */
  get isOpen(): boolean {
    return this.#opened !== undefined
  }

  /** Allows work to begin, once the parts are open. */
  open(values: ContextValues, tracing: ServiceTracer): void {
    this.#opened = { Context: BackgroundContext.with(values, this), tracing }
  }

  async run<Result>(options: WorkOptions, fn: (context: RequestScope) => Result | Promise<Result>): Promise<Result> {
    const { context, fail, end } = this.begin(options)
    try {
      return await (ambient.isWanted ? ambient.run(context, () => fn(context)) : fn(context))
    } catch (error) {
      fail(error)
      throw error
    } finally {
      end()
    }
  }

  /** Begins work as `run` does. The caller ends it. */
  begin(options: WorkOptions): StartedWork {
    const { Context, tracing } = this.#known
    const { template, timeoutMs, signal, headers = {}, values } = options
    const operation = template.name
    const endRunning = this.#begin(operation)
    const { own: cancellation, forget } = this.#cancellation(operation, timeoutMs, signal)
    const span = tracing.begin(options)
    const deadline = deadlineIn(timeoutMs)
    const origin = messageOrigin(headers, tracing)
    return {
      context: new Context({ operation, origin, deadline, span, cancellation, values }),
      fail: (error) => span.fail(error),
      end() {
        span.end()
        forget()
        endRunning()
      },
    }
  }

  detach(context: BaseContext & Origin, options: DetachedOptions): BackgroundContext {
    checkDetachedOptions('detached', options)
    const { timeoutMs } = options ?? ({} as DetachedOptions) // its time limit is checked next
    checkTimeout(timeoutMs)
    const { operation, span } = context
    const { own: cancellation } = this.#cancellation(operation, timeoutMs)
    return new this.#known.Context({ operation, origin: context, deadline: deadlineIn(timeoutMs), span, cancellation })
  }

  until(name: string, promise: PromiseLike<unknown>): void {
    this.track(
      name,
      Promise.resolve(promise).catch((err: unknown) =>
        this.#log.error({ operation: name, err }, 'background work failed'),
      ),
    )
  }

  track(name: string, promise: PromiseLike<unknown>): void {
    const end = this.#begin(name)
    promise.then(end, end)
  }

  running(): Iterable<Running> {
    return this.#running
  }

  async idle(): Promise<void> {
    while (this.#running.size > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  cancel(reason: Error): void {
    this.#cancelled = reason
    for (const cancellation of this.#cancellations) cancellation.end(reason)
  }

  #begin(name: string): () => void {
    const running = { name, startedAt: performance.now() }
    this.#running.add(running)
    return () => {
      this.#running.delete(running)
      if (this.#running.size === 0) for (const wake of this.#waiting.splice(0)) wake()
    }
  }

  /**
   * Creates a cancellation that ends after `timeoutMs`, with the signal, and with the service. Call `forget` when
   * nothing is left to cancel.
   */
  #cancellation(operation: string, timeoutMs?: number, signal?: AbortSignal): CancellationOfWork {
    const own = new Cancellation()
    const abort = (): void => own.end(reasonOf(signal!))
    const forget = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      this.#cancellations.delete(own)
    }
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            own.end(pastDeadline(operation, own))
            forget()
          }, timeoutMs).unref()
    this.#cancellations.add(own)
    if (this.#cancelled) own.end(this.#cancelled)
    else if (signal?.aborted) abort()
    else signal?.addEventListener('abort', abort)
    return { own, forget }
  }

  get #known(): Opened {
    if (!this.#opened) throw new Error('background work needs a started service')
    return this.#opened
  }
}

/** The rule of a time limit, whose value `checkTimeout` checks. */
const timeoutMsRule: Rule = { expected: 'a number of ms', accepts: () => true }
const checkDetachedOptions = compileOptionsCheck<DetachedOptions>({ timeoutMs: timeoutMsRule })

/** Checks the options of `run`; throws a `TypeError` with one line. */
export const checkRunOptions: (subject: string, options: RunOptions) => void = compileOptionsCheck<RunOptions>({
  name: text('a name'),
  timeoutMs: timeoutMsRule,
  signal: abortSignal,
})

/** @throws {TypeError} when no timer can wait that long */
export function checkTimeout(timeoutMs: number): void {
  if (typeof timeoutMs === 'number' && timeoutMs > 0 && timeoutMs <= longestTimerMs) return
  throw new TypeError(`timeoutMs: expected a number of ms from 1 to ${longestTimerMs}, got ${String(timeoutMs)}`)
}

function deadlineIn(timeoutMs: number | undefined): Deadline {
  return timeoutMs === undefined ? new Deadline(Number.POSITIVE_INFINITY) : Deadline.in(timeoutMs)
}

function reasonOf({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
