import { shareOf, type TraceSampler } from './sampler.ts'

/** The sampler's view of a trace that starts in this process. */
export interface NewTrace {
  /** The caller's decision; undefined without a caller, or when it leaves the decision to this service. */
  readonly parentDecision: boolean | undefined
  /** A number from 0 to 1 derived from the trace's id: the same in every service. */
  readonly random: number
  /** Milliseconds on the clock of `performance.now()`. */
  readonly now: number
}

/**
 * A sampler of your own, which replaces the configured one. It decides at the start of a trace whether to record it.
 *
 * @example
 * const tenth: Sampler = { isSampled: ({ parentDecision, random }) => parentDecision ?? random < 0.1 }
 * service(userService, { trace: { sampler: tenth }, handlers })
 */
export interface Sampler {
  isSampled(trace: NewTrace): boolean
}

/** Adapts your sampler to the tracer. */
export function traceSampler(sampler: Sampler): TraceSampler {
  return {
    isSampled: (parentDecision, id2, id3, now) => sampler.isSampled({ parentDecision, random: shareOf(id2, id3), now }),
  }
}
