import type { Span } from '../trace/span.ts'

// What tricube adds to Fastify's types. Whatever shows users a request or Fastify imports this file, so that they have it too.

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Name of the contract's operation that the route belongs to. */
    operation?: string
  }
  interface FastifyRequest {
    /** Undefined when it is for no operation, or nobody traces it. */
    span: Span | undefined
    /** Aborts when the service stops and its callers are to go elsewhere: end now what never ends by itself. */
    readonly draining: AbortSignal
  }
}
