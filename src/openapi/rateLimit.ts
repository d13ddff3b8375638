import type { OpenApiHeader } from './types.ts'

const integer = (description: string): OpenApiHeader => ({ description, schema: { type: 'integer', minimum: 0 } })

/** The headers of a rate-limited operation: https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ */
export const rateLimitHeaders: Readonly<Record<string, OpenApiHeader>> = {
  RateLimit: {
    description: 'the remaining quota: r requests now, all of them again in t seconds',
    schema: { type: 'string', examples: ['"default";r=9;t=6'] },
  },
  'RateLimit-Policy': {
    description: 'the limit: q requests in w seconds',
    schema: { type: 'string', examples: ['"default";q=10;w=60'] },
  },
  'RateLimit-Limit': integer('requests in a window'),
  'RateLimit-Remaining': integer('requests that are left'),
  'RateLimit-Reset': integer('seconds until all are back; of a 429, until the next one will pass'),
}

/** The headers of a 429. */
export const rejectionHeaders: Readonly<Record<string, OpenApiHeader>> = {
  'Retry-After': integer('seconds to wait'),
  ...rateLimitHeaders,
}
