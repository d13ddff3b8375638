import { shareOf, type TraceSampler } from './sampler.ts'

/** What a sampler knows of a trace that begins in this process. */
export interface NewTrace {
  /** What the caller has decided; undefined when it leaves that to this service, or there is no caller. */
  readonly parentDecision: boolean | undefined
  /** A random number from 0 to 1 made of the trace's id: every service gets the same one for the same trace. */
  readonly random: number
  /** Milliseconds, as `performance.now()` counts. */
  readonly now: number
}

/**
 * Decides at the beginning of a trace whether it is recorded: your own, in place of the configuration's.
 *
 * @example
 * const tenth: Sampler = { isSampled: ({ parentDecision, random }) => parentDecision ?? random < 0.1 }
 * service(contract, { trace: { sampler: tenth }, handlers })
 */
export interface Sampler {
  isSampled(trace: NewTrace): boolean
}

/** A user's sampler as the tracer knows samplers. */
export function traceSampler(sampler: Sampler): TraceSampler {
  return {
    isSampled: (parentDecision, id2, id3, now) => sampler.isSampled({ parentDecision, random: shareOf(id2, id3), now }),
  }
}
