import type { FastifyInstance } from 'fastify'
import { contractHash } from '../../../compatibility/hash.ts'
import { flag, group } from '../../../config/rules.ts'
import type { Part } from '../../part.ts'
import type { Readiness } from '../../lifecycle/readiness.ts'
import { settings } from '../settings.ts'
import { admin } from '../admin.ts'
import { workers } from '../workers/workers.ts'
import { checksRule, compileChecks, type HealthChecks } from './checks.ts'

/** Options of the health checks. */
export interface HealthOptions<Settings = {}> {
  /** Whether `/health/ready` shows what is not ready, and why. If false, it shows the status alone. Default: true. */
  readonly details?: boolean
  /** Your own checks, beside those of database and resources, under the names that `/health/ready` shows. */
  readonly checks?: HealthChecks<Settings>
}

/**
 * Serves `/health/live` (the process responds) and `/health/ready` (it can do its work, 503 when it cannot).
 *
 * Orchestrators restart a process that is not live, and route around one that is not ready. So a lost database makes a
 * service not ready, but not dead: https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
 *
 * Both stay on the service's port, where load balancers query them. The details move to the admin port when there is
 * one.
 */
export const health: Part<{ readonly health?: HealthOptions }> = {
  name: 'health',
  options: { health: group<HealthOptions>({ details: flag, checks: checksRule }) },
  async open({ contract, fastify, log, readiness, use }, { health: { details = true, checks = {} } = {} }) {
    const ofAll = (await use(workers)).share('readiness', readiness)
    let hash: string | undefined
    const detailed = async (): Promise<Readiness & { readonly contract: string }> => ({
      ...(await ofAll()),
      contract: (hash ??= contractHash(contract)),
    })
    const brief = async (): Promise<Pick<Readiness, 'status'>> => ({ status: (await ofAll()).status })
    const { fastify: adminFastify, isSeparate } = await use(admin)
    addRoutes(fastify, details && !isSeparate ? detailed : brief)
    if (isSeparate) addRoutes(adminFastify, details ? detailed : brief)
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
