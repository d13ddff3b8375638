/** Decides at the start of a trace whether it is recorded. It is pure: the time is an argument. */
export interface TraceSampler {
  /**
   * @param parentDecision the caller's decision; undefined without one
   * @param id2 the trace's id, bits 32 to 63 from the right
   * @param id3 the last 32 bits of the trace's id
   * @param now milliseconds on the clock of `performance.now()`
   */
  isSampled(parentDecision: boolean | undefined, id2: number, id3: number, now: number): boolean
}

/** Samples every trace. */
export const always: TraceSampler = { isSampled: () => true }

/** Samples no trace. */
export const never: TraceSampler = { isSampled: () => false }

/**
 * Samples a share of the traces, from 0 to 1, by their id: services with the same share sample the same traces.
 *
 * It uses the last 56 bits, which are random. https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/
 */
export function ratio(share: number): TraceSampler {
  const rejected = 1 - share
  return { isSampled: (_, id2, id3) => shareOf(id2, id3) >= rejected }
}

/** Converts the last 56 bits of a trace's id to a number from 0 to 1. */
export function shareOf(id2: number, id3: number): number {
  return ((id2 & 0xff_ffff) + (id3 >>> 0) / 2 ** 32) / 2 ** 24
}

/** Samples at most this many traces per second under any load: a token bucket that holds one second, at least one token. */
export function rateLimit(perSecond: number): TraceSampler {
  const most = Math.max(1, perSecond)
  let tokens = most
  let filledAt = Number.NEGATIVE_INFINITY
  return {
    isSampled(_parent, _id2, _id3, now) {
      if (now > filledAt) {
        tokens = Math.min(most, tokens + ((now - filledAt) / 1000) * perSecond)
        filledAt = now
      }
      if (tokens < 1) return false
      tokens -= 1
      return true
    },
  }
}

/** Follows the caller's decision, so that traces are complete; without one, it asks another sampler. */
export function parentBased(root: TraceSampler): TraceSampler {
  return { isSampled: (parent, id2, id3, now) => parent ?? root.isSampled(parent, id2, id3, now) }
}

/** The names of `OTEL_TRACES_SAMPLER`; `ratelimit` and `parentbased_ratelimit` are tricube's own. */
export const samplerNames = [
  'always_on',
  'always_off',
  'traceidratio',
  'ratelimit',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
  'parentbased_ratelimit',
] as const

/** A sampler's name. */
export type SamplerName = (typeof samplerNames)[number]

/** Returns the sampler of a name; `argument` is a share (default 1) or traces per second (default 10). */
export function samplerOf(name: SamplerName, argument?: number): TraceSampler {
  if (name.startsWith('parentbased_')) {
    return parentBased(samplerOf(name.slice('parentbased_'.length) as SamplerName, argument))
  }
  if (name === 'always_on') return always
  if (name === 'always_off') return never
  return name === 'traceidratio' ? ratio(argument ?? 1) : rateLimit(argument ?? 10)
}
