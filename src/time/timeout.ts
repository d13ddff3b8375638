import type { Clock } from './clock.ts'
import { Expiring, timeouts } from './wheel.ts'

/** Whether a promise settles within `timeoutMs` milliseconds; rejects when the promise does. */
export async function isDoneWithin(timeoutMs: number, promise: PromiseLike<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => (timer = setTimeout(resolve, timeoutMs, false)))
  try {
    return await Promise.race([promise.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Runs a function, and rejects with the error from `late` when its promise takes longer than `timeoutMs` milliseconds. A
 * later result is dropped. A value that is no promise is returned as it is. Both functions get the input, so that the caller
 * needs no closures.
 */
export function inTime<Input, Output>(
  timeoutMs: number,
  run: (input: Input) => Output | PromiseLike<Output>,
  input: Input,
  late: (input: Input) => Error,
): Output | Promise<Output> {
  let value: Output | PromiseLike<Output>
  try {
    value = run(input)
  } catch (error) {
    return Promise.reject(error)
  }
  return isThenable(value) ? new TimedPromise(value, timeoutMs, () => late(input)).promise : value
}

/** A promise that is rejected when its time is over: on the wheel, for there is one for each request. */
class TimedPromise<Output> extends Expiring {
  readonly promise: Promise<Output>
  readonly #late: () => Error
  #reject!: (error: Error) => void

  constructor(value: PromiseLike<Output>, timeoutMs: number, late: () => Error) {
    super()
    this.#late = late
    this.promise = new Promise((resolve, reject) => {
      this.#reject = reject
      value.then(
        (settled) => {
          timeouts.remove(this)
          resolve(settled)
        },
        (error: Error) => {
          timeouts.remove(this)
          reject(error)
        },
      )
    })
    timeouts.add(this, timeoutMs)
  }

  expire(): void {
    this.#reject(this.#late())
  }
}

function isThenable<Output>(value: Output | PromiseLike<Output>): value is PromiseLike<Output> {
  return typeof (value as PromiseLike<Output> | null | undefined)?.then === 'function'
}

/**
 * Returns the response of a store, and rejects when that takes longer than `timeoutMs` milliseconds.
 *
 * It rejects only after the sockets have been read: a response that has arrived is not late, however busy this process was.
 */
export async function readInTime<Value>(timeoutMs: number, response: PromiseLike<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => setImmediate(reject, new Error(`no response within ${timeoutMs} ms`)), timeoutMs)
  })
  try {
    return await Promise.race([response, late])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Runs work whose signal aborts after `timeoutMs` milliseconds, or when `outer` aborts.
 *
 * Rejects when the time is over, even if the work ignores its signal.
 */
export async function within<T>(
  clock: Clock,
  timeoutMs: number,
  run: (signal: AbortSignal) => Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  const work = new AbortController()
  const timer = new AbortController()
  const cancel = (): void => work.abort(outer?.reason)
  if (outer?.aborted) cancel()
  outer?.addEventListener('abort', cancel, { once: true })
  void clock.wait(timeoutMs, timer.signal).then(() => {
    if (!timer.signal.aborted) work.abort(new Error(`no response within ${Math.round(timeoutMs)} ms`))
  })
  try {
    return await Promise.race([run(work.signal), aborted(work.signal)])
  } finally {
    timer.abort()
    outer?.removeEventListener('abort', cancel)
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = (): void => reject(signal.reason as Error)
    if (signal.aborted) fail()
    else signal.addEventListener('abort', fail, { once: true })
  })
}
