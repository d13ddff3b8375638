import type { Part } from '../part.ts'
import { workers } from './workers/workers.ts'

/**
 * Answers `/health/live` (the process responds) and `/health/ready` (it can do its work; 503 when it cannot).
 *
 * Orchestrators restart what is not live and route around what is not ready, so a lost database is not a reason to be
 * dead: https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
 */
export const health: Part = {
  name: 'health',
  async open({ fastify, readiness, use }) {
    const ofAll = (await use(workers)).share('readiness', readiness)
    fastify.get('/health/live', () => ({ status: 'live' }))
    fastify.get('/health/ready', async (_request, reply) => {
      const found = await ofAll()
      return reply.code(found.status === 'ready' ? 200 : 503).send(found)
    })
    return {}
  },
}
