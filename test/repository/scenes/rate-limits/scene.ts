import type { FastifyRequest } from 'fastify'

// What the plugin that authenticates callers adds.
declare module 'fastify' {
  interface FastifyRequest {
    user?: { id: string }
  }
}

export const handlers = { createNote: () => ({ id: 1 }), searchNotes: () => ['buy milk'] }
export declare const authenticate: (request: FastifyRequest) => Promise<void>
