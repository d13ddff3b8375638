/** Decides at the beginning of a trace whether it is recorded. Pure; the clock is passed in. */
export interface TraceSampler {
  /**
   * @param parentDecision what the caller has decided; undefined: there is none, or it leaves that to us
   * @param id2 the trace's id, bits 32 to 63 from the right
   * @param id3 its last 32 bits
   * @param now milliseconds, as `performance.now()` counts
   */
  isSampled(parentDecision: boolean | undefined, id2: number, id3: number, now: number): boolean
}

/** Every trace. */
export const always: TraceSampler = { isSampled: () => true }

/** None. */
export const never: TraceSampler = { isSampled: () => false }

/**
 * A share of the traces, from 0 to 1, by their id: services with the same share choose the same ones.
 *
 * By the last 56 bits, which are the random ones. https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/
 */
export function ratio(share: number): TraceSampler {
  const rejected = 1 - share
  return { isSampled: (_, id2, id3) => shareOf(id2, id3) >= rejected }
}

/** The last 56 bits of a trace's id as a number from 0 to 1. */
export function shareOf(id2: number, id3: number): number {
  return ((id2 & 0xff_ffff) + (id3 >>> 0) / 2 ** 32) / 2 ** 24
}

/** At most so many traces a second, whatever the load: a token bucket that holds one second's worth, at least one. */
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

/** Follows the caller's decision, so that a trace is whole; asks another sampler where there is none. */
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

/** The sampler of that name; `argument` is a share (default 1) or traces a second (default 10). */
export function samplerOf(name: SamplerName, argument?: number): TraceSampler {
  if (name.startsWith('parentbased_')) {
    return parentBased(samplerOf(name.slice('parentbased_'.length) as SamplerName, argument))
  }
  if (name === 'always_on') return always
  if (name === 'always_off') return never
  return name === 'traceidratio' ? ratio(argument ?? 1) : rateLimit(argument ?? 10)
}
