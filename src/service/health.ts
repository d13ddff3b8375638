import type { FastifyInstance } from 'fastify'

/** What readiness depends on: each resolves when it is well and rejects when it is not. */
export type Checks = Readonly<Record<string, () => Promise<void>>>

/**
 * Adds `/health/live` (the process answers) and `/health/ready` (it can do its work, 503 when it cannot).
 *
 * Orchestrators restart what is not live and route around what is not ready, so a lost database is not a reason to be
 * dead: https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
 */
export function addHealth(fastify: FastifyInstance, isServing: () => boolean, checks: () => Checks): void {
  fastify.get('/health/live', () => ({ status: 'live' }))
  fastify.get('/health/ready', async (_request, reply) => {
    if (!isServing()) return reply.code(503).send({ status: 'stopping', checks: {} })
    const entries = Object.entries(checks()).map(async ([name, check]) => [name, await outcome(check)] as const)
    const results = Object.fromEntries(await Promise.all(entries))
    const ready = Object.values(results).every((result) => result === 'ok')
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', checks: results })
  })
}

async function outcome(check: () => Promise<void>): Promise<'ok' | 'unreachable'> {
  return check().then(
    () => 'ok' as const,
    () => 'unreachable' as const,
  )
}
