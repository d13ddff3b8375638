import type { ErrorObject } from 'ajv'

/**
 * The most steps of a check. Each item, each try of a part of a union and each turn of a recursion is one. A step takes tens
 * of nanoseconds, so this is about 10 ms of the event loop.
 */
const maxSteps = 100_000
/** The most problems of a list. */
export const maxProblems = 100

/** A check that stopped early; `errors` are those found so far, if they were enough to stop. */
export class Stopped extends Error {
  override readonly name: string = 'Stopped'
  readonly errors: readonly ErrorObject[] | undefined

  constructor(errors?: readonly ErrorObject[]) {
    super('the check was stopped')
    this.errors = errors
  }
}

/** Counts the steps of a check. Checks are synchronous, so all of them share one counter. */
class Work {
  left: number = maxSteps
  /** How many unions are being tried: a problem in their parts may not be final. */
  tries = 0

  start(steps: number = maxSteps): void {
    this.left = steps
    this.tries = 0
  }

  stop(): never {
    throw new Stopped()
  }

  /** Stops the check when it has found as many problems as are reported. */
  found(errors: readonly ErrorObject[]): void {
    if (this.tries === 0 && errors.length >= maxProblems) throw new Stopped(errors)
  }
}

export const work: Work = new Work()
