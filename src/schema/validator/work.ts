import type { ErrorObject } from 'ajv'

/**
 * How many steps a check may take: each item, each try of a part of a union and each turn of a recursion is one. A step takes
 * some tens of nanoseconds, so that this is about 10 ms of the event loop.
 */
const maxSteps = 100_000
/** A list of problems ends here. */
export const maxProblems = 100

/** A check that ended before its end; `errors` is what it had found when that was enough. */
export class Stopped extends Error {
  override readonly name: string = 'Stopped'
  readonly errors: readonly ErrorObject[] | undefined

  constructor(errors?: readonly ErrorObject[]) {
    super('the check was stopped')
    this.errors = errors
  }
}

/** Counts the steps of a check. Checks are synchronous, so all of them share one. */
class Work {
  left: number = maxSteps
  /** How many unions are being tried: what their parts find may not be a problem. */
  tries = 0

  start(steps: number = maxSteps): void {
    this.left = steps
    this.tries = 0
  }

  stop(): never {
    throw new Stopped()
  }

  /** Ends the check when it has found as many problems as are told. */
  found(errors: readonly ErrorObject[]): void {
    if (this.tries === 0 && errors.length >= maxProblems) throw new Stopped(errors)
  }
}

export const work: Work = new Work()
