import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** Which web pages of other origins may call a service. */
export interface CorsOptions {
  /** Exact origins, for example `https://app.example.com`. */
  readonly origins: readonly string[]
  /** Whether pages may send cookies and `authorization`. Default: false. */
  readonly credentials?: boolean
  /** Response headers a page may read, besides those of rate limits, `retry-after`, and what the Fetch standard allows. */
  readonly exposedHeaders?: readonly string[]
  /** Seconds a browser may cache the response to a preflight. Default 600, the most that Chromium's relatives agree on. */
  readonly maxAgeSeconds?: number
}

/** Responds to preflights, and lets the named origins read responses. */
export function addCors(fastify: FastifyInstance, options: CorsOptions): void {
  const { origins, credentials = false, exposedHeaders = [], maxAgeSeconds = 600 } = options
  fastify.register(import('@fastify/cors'), {
    origin: [...origins],
    credentials,
    exposedHeaders: [...exposedHeaders],
    maxAge: maxAgeSeconds,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  })
}

/** Lets a page read a response that is sent before the CORS hook runs, such as a 503. */
export type AllowOrigin = (request: FastifyRequest, reply: FastifyReply) => void

/** Compiles an `AllowOrigin` for the named origins. */
export function compileAllowOrigin({ origins, credentials, exposedHeaders = [] }: CorsOptions): AllowOrigin {
  const headers = {
    ...(credentials && { 'access-control-allow-credentials': 'true' }),
    'access-control-expose-headers': exposedHeaders.join(', '),
    vary: 'Origin',
  }
  return (request, reply) => {
    const { origin } = request.headers
    reply.headers(headers)
    if (origin !== undefined && origins.includes(origin)) reply.header('access-control-allow-origin', origin)
  }
}

/** Whether a text is an origin: `https://app.example.com`, without a path or a wildcard. */
export function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text && !text.includes('*')
}
