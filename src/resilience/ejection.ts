import type { Backend } from './backend.ts'
import type { Random } from './random.ts'

/** How an instance failed a call: `gone` when it accepts no connections. */
export type InstanceFailure = 'failed' | 'gone'

/** Decides which instances are ejected. */
export interface Ejection {
  /** Records a failed call; returns how many milliseconds the instance is ejected from now on, or 0. */
  onFailure(backend: Backend, now: number, failure: InstanceFailure): number
  /** Whether so many are ejected that all are used nevertheless. */
  panics(ejected: number, all: number): boolean
}

/** Options of `outlierEjection`. */
export interface EjectionOptions {
  readonly random?: Random
  /** The number of consecutive failures that eject an instance. Default 5. */
  readonly consecutiveFailures?: number
  /** The first ejection in milliseconds; the n-th takes n times as long. Default 30,000. */
  readonly baseMs?: number
  /** The longest ejection in milliseconds. Default 300,000. */
  readonly maxMs?: number
  /** The panic threshold: above this share of ejected instances all are used, as no single one is at fault. Default 0.5. */
  readonly maxShare?: number
}

/**
 * Returns the policy that ejects an instance after five consecutive failures, and at once when it accepts no connections.
 *
 * Ejections count up, and are forgotten after the same time without one. Times vary by a tenth, so that callers do not
 * come back together.
 *
 * Sources: Envoy's outlier detection and panic threshold
 * (https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier), gRPC A50; Finagle's fail fast for
 * an instance that accepts no connections.
 */
export function outlierEjection(options: EjectionOptions = {}): Ejection {
  const { random = Math.random, consecutiveFailures = 5 } = options
  const { baseMs = 30_000, maxMs = 300_000, maxShare = 0.5 } = options
  return {
    onFailure(backend, now, failure) {
      if (backend.isEjected || (backend.failures < consecutiveFailures && failure !== 'gone')) return 0
      const quiet = Math.floor((now - backend.ejectedUntil) / baseMs)
      backend.ejections = Math.max(0, backend.ejections - quiet) + 1
      return Math.min(maxMs, baseMs * backend.ejections) * (0.95 + 0.1 * random())
    },
    panics: (ejected, all) => ejected > all * maxShare,
  }
}

/** Ejects nothing. */
export const noEjection: Ejection = { onFailure: () => 0, panics: () => false }
