import type { FastifyReply } from 'fastify'
import type { Quota } from '../../../resilience/gcra.ts'

/** The headers of a rate limit. */
export const rateLimitHeaders = [
  'ratelimit-policy',
  'ratelimit',
  'ratelimit-limit',
  'ratelimit-remaining',
  'ratelimit-reset',
] as const

/**
 * Writes the headers of a rate limit: `RateLimit` and `RateLimit-Policy` of the current draft, and the three headers of
 * its versions up to 06, which most callers read today. Times are whole seconds, rounded up.
 *
 * Source: https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
 */
export function setRateLimitHeaders(
  reply: FastifyReply,
  { limit, intervalUs, burstUs }: Quota,
  policy: string,
  aheadUs: number,
): void {
  const isOver = aheadUs > burstUs
  const remaining = isOver ? 0 : Math.floor((burstUs - aheadUs) / intervalUs)
  // For a rejection: when the next request will pass, as in `retry-after`. Otherwise: when the quota will be full
  // again.
  const seconds = Math.ceil((isOver ? aheadUs - burstUs : aheadUs) / 1e6)
  reply.header('ratelimit-policy', policy)
  reply.header('ratelimit', `"default";r=${remaining};t=${seconds}`)
  reply.header('ratelimit-limit', limit)
  reply.header('ratelimit-remaining', remaining)
  reply.header('ratelimit-reset', seconds)
  if (isOver) reply.header('retry-after', seconds)
}

/** Formats a policy. The draft allows only windows of full seconds, so other windows are omitted. */
export function policyOf(limit: number, windowMs: number): string {
  return windowMs % 1000 === 0 ? `"default";q=${limit};w=${windowMs / 1000}` : `"default";q=${limit}`
}
