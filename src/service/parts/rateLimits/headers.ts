import type { FastifyReply } from 'fastify'
import type { Quota } from '../../../resilience/gcra.ts'

/** What says how much is left. */
export const rateLimitHeaders = [
  'ratelimit-policy',
  'ratelimit',
  'ratelimit-limit',
  'ratelimit-remaining',
  'ratelimit-reset',
] as const

/**
 * Says what is left: `RateLimit` and `RateLimit-Policy` as the draft has them now, and the three headers of its versions
 * up to 06, which are what callers read today. What resets, and when, is in whole seconds, rounded up.
 *
 * Source: https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
 */
export function tell(
  reply: FastifyReply,
  { limit, intervalUs, burstUs }: Quota,
  policy: string,
  aheadUs: number,
): void {
  const isOver = aheadUs > burstUs
  const remaining = isOver ? 0 : Math.floor((burstUs - aheadUs) / intervalUs)
  // Of a refusal: when one request will pass, as `retry-after` says it. Else: when the quota will be whole again.
  const seconds = Math.ceil((isOver ? aheadUs - burstUs : aheadUs) / 1e6)
  reply.header('ratelimit-policy', policy)
  reply.header('ratelimit', `"default";r=${remaining};t=${seconds}`)
  reply.header('ratelimit-limit', limit)
  reply.header('ratelimit-remaining', remaining)
  reply.header('ratelimit-reset', seconds)
  if (isOver) reply.header('retry-after', seconds)
}

/** A window is told when it is one of whole seconds: the draft has no other. */
export function policyOf(limit: number, windowMs: number): string {
  return windowMs % 1000 === 0 ? `"default";q=${limit};w=${windowMs / 1000}` : `"default";q=${limit}`
}
