import type { Instance } from '../../../discovery/registry.ts'
import type { FamilySnapshot } from '../../../metrics/snapshot.ts'
import type { Quota } from '../../../resilience/gcra.ts'
import type { DiscoveryConfig } from '../discovery/discoveryConfig.ts'
import type { Readiness } from '../../lifecycle/readiness.ts'
import type { LogConfig } from '../logging/logConfig.ts'

/** The facts that the primary queries from each worker, and that a worker queries about all of them. */
export interface Facts {
  readonly readiness: Readiness
  readonly metrics: readonly FamilySnapshot[]
}

/** The part of a service's configuration that its primary needs for the registration and its own log. */
export type SharedConfig = DiscoveryConfig & LogConfig

/** The registration of a service. Workers with the same configuration send equal ones. */
export interface Registration {
  readonly instance: Instance
  readonly config: SharedConfig
}

/** A message of a worker to its primary. The key `tricube` marks it: a service's own code may send messages, too. */
export type FromWorker =
  | { readonly tricube: 'register'; readonly registration: Registration }
  | { readonly tricube: 'query'; readonly id: number; readonly about: keyof Facts }
  | { readonly tricube: 'take'; readonly id: number; readonly key: string; readonly quota: Quota }
  | { readonly tricube: 'reply'; readonly id: number; readonly fact: Facts[keyof Facts] }
  | { readonly tricube: 'ended'; readonly id: number; readonly metrics: Facts['metrics'] }

/**
 * The primary's reply: a fact about all workers, or the arrival time that `take` returns, in microseconds ahead of the
 * clock.
 * Null means that a worker which ends gets no more connections.
 */
export type Reply = Facts[keyof Facts] | number | null

/** A message of the primary to a worker. */
export type FromPrimary =
  | { readonly tricube: 'query'; readonly id: number; readonly about: keyof Facts }
  | { readonly tricube: 'reply'; readonly id: number; readonly reply: Reply }

/**
 * Environment variables with the number of workers and the number of this one, from 1.
 *
 * Not a module variable: the command and a compiled service may load two copies of tricube.
 */
export const workerVariables = { count: 'TRICUBE_WORKER_COUNT', number: 'TRICUBE_WORKER_NUMBER' } as const

/** Returns the number of this worker and of all workers; undefined without `--workers`. */
export function workerOf(env: NodeJS.ProcessEnv): { readonly number: number; readonly size: number } | undefined {
  const size = Number(env[workerVariables.count])
  return size > 0 && process.send ? { size, number: Number(env[workerVariables.number]) } : undefined
}
