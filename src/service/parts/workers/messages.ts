import type { Instance } from '../../../discovery/registry.ts'
import type { FamilySnapshot } from '../../../metrics/snapshot.ts'
import type { Quota } from '../../../resilience/gcra.ts'
import type { DiscoveryConfig } from '../discovery/discoveryConfig.ts'
import type { Readiness } from '../../lifecycle/readiness.ts'
import type { LogConfig } from '../logging/logConfig.ts'

/** What a worker is asked about itself, and asks about all of them. */
export interface Facts {
  readonly readiness: Readiness
  readonly metrics: readonly FamilySnapshot[]
}

/** Of a service's configuration what its primary needs to register it and to log as it does. */
export type SharedConfig = DiscoveryConfig & LogConfig

/** An instance of a service as its workers describe it: the same words from each of them. */
export interface Registration {
  readonly instance: Instance
  readonly config: SharedConfig
}

/** What a worker says to its primary; `tricube` tells it from whatever a service's own code may send. */
export type FromWorker =
  | { readonly tricube: 'register'; readonly registration: Registration }
  | { readonly tricube: 'ask'; readonly id: number; readonly about: keyof Facts }
  | { readonly tricube: 'take'; readonly id: number; readonly key: string; readonly quota: Quota }
  | { readonly tricube: 'told'; readonly id: number; readonly fact: Facts[keyof Facts] }
  | { readonly tricube: 'ended'; readonly id: number; readonly metrics: Facts['metrics'] }

/**
 * What it answers: a fact about all workers; how far ahead of the clock a request put its key, in microseconds; or null to
 * a worker that ends: nothing more comes to it.
 */
export type Answer = Facts[keyof Facts] | number | null

/** What a primary says to its workers. */
export type FromPrimary =
  | { readonly tricube: 'tell'; readonly id: number; readonly about: keyof Facts }
  | { readonly tricube: 'answer'; readonly id: number; readonly answer: Answer }

/**
 * How many workers share a service's port, and which of them this process is, from 1. Variables of the environment, since
 * the tricube of the command and that of a compiled service may be two copies.
 */
export const workerVariables = { count: 'TRICUBE_WORKER_COUNT', number: 'TRICUBE_WORKER_NUMBER' } as const

/** Which of how many workers this process is; undefined for one that serves alone. */
export function workerOf(env: NodeJS.ProcessEnv): { readonly number: number; readonly size: number } | undefined {
  const size = Number(env[workerVariables.count])
  return size > 0 && process.send ? { size, number: Number(env[workerVariables.number]) } : undefined
}
