import type { Span } from '../trace/span.ts'

// What tricube adds to Fastify's types. Modules that show users a request or Fastify import this file.

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Name of the contract's operation that the route belongs to. */
    operation?: string
  }
  interface FastifyRequest {
    /** Undefined outside operations, and when tracing is off. */
    span: Span | undefined
    /** Aborts when the service begins to stop: end now what never ends by itself, such as a stream. */
    readonly draining: AbortSignal
  }
}
