import type { FastifyInstance } from 'fastify'
import { flag, group } from '../../../config/rules.ts'
import type { Part } from '../../part.ts'
import type { Readiness } from '../../lifecycle/readiness.ts'
import { settings } from '../settings.ts'
import { admin } from '../admin.ts'
import { workers } from '../workers/workers.ts'
import { checksRule, compileChecks, type HealthChecks } from './checks.ts'

/** What the health checks tell. */
export interface HealthOptions<Settings = {}> {
  /** Whether `/health/ready` tells what is not ready, and why; else the status alone. Default: true. */
  readonly details?: boolean
  /** What the service depends on besides its database and resources, under the names that `/health/ready` shows. */
  readonly checks?: HealthChecks<Settings>
}

/**
 * Answers `/health/live` (the process responds) and `/health/ready` (it can do its work; 503 when it cannot).
 *
 * Orchestrators restart what is not live and route around what is not ready, so a lost database is not a reason to be
 * dead: https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
 *
 * Both stay on the service's own port, where load balancers ask; the details move to the admin port, when there is one.
 */
export const health: Part<{ readonly health?: HealthOptions }> = {
  name: 'health',
  options: { health: group<HealthOptions>({ details: flag, checks: checksRule }) },
  async open({ fastify, log, readiness, use }, { health: { details = true, checks = {} } = {} }) {
    const ofAll = (await use(workers)).share('readiness', readiness)
    const { fastify: adminFastify, isSeparate } = await use(admin)
    addRoutes(fastify, details && !isSeparate ? ofAll : async () => statusOf(await ofAll()))
    if (isSeparate) addRoutes(adminFastify, details ? ofAll : async () => statusOf(await ofAll()))
    const { values } = await use(settings)
    return { checks: compileChecks(checks, values, log) }
  },
}

function addRoutes(fastify: FastifyInstance, find: () => Promise<Pick<Readiness, 'status'>>): void {
  fastify.get('/health/live', () => ({ status: 'live' }))
  fastify.get('/health/ready', async (_request, reply) => {
    const found = await find()
    return reply.code(found.status === 'ready' ? 200 : 503).send(found)
  })
}

function statusOf({ status }: Readiness): Pick<Readiness, 'status'> {
  return { status }
}
