import type { Backend } from './backend.ts'
import type { Random } from './random.ts'

/** Decides which instances are left out for a while. */
export interface Ejection {
  /** A call to an instance has failed: for how many milliseconds it is ejected from now on; 0 when it is not. */
  onFailure(backend: Backend, now: number, isGone: boolean): number
  /** Whether so many are ejected that they are all used nevertheless. */
  panics(ejected: number, all: number): boolean
}

/** Numbers of the ejection, with their defaults. */
export interface EjectionOptions {
  readonly random?: Random
  /** Failures in a row that eject. Default 5. */
  readonly consecutiveFailures?: number
  /** The first ejection, in milliseconds; the n-th takes n times as long. Default 30,000. */
  readonly baseMs?: number
  /** The longest, in milliseconds. Default 300,000. */
  readonly maxMs?: number
  /** Over this share ejected, all are used: the fault is then no single instance's. Default 0.5. */
  readonly maxShare?: number
}

/**
 * Ejects an instance after five failures in a row, and at once when nobody listens there any more.
 *
 * An ejection is forgotten after as long without another. Times vary by a tenth, so that callers do not come back together.
 *
 * Sources: Envoy's outlier detection and panic threshold
 * (https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier), gRPC A50; Finagle's fail fast for
 * the refused connection.
 */
export function outlierEjection(options: EjectionOptions = {}): Ejection {
  const { random = Math.random, consecutiveFailures = 5 } = options
  const { baseMs = 30_000, maxMs = 300_000, maxShare = 0.5 } = options
  return {
    onFailure(backend, now, isGone) {
      if (backend.isEjected || (backend.failures < consecutiveFailures && !isGone)) return 0
      const quiet = Math.floor((now - backend.ejectedUntil) / baseMs)
      backend.ejections = Math.max(0, backend.ejections - quiet) + 1
      return Math.min(maxMs, baseMs * backend.ejections) * (0.95 + 0.1 * random())
    },
    panics: (ejected, all) => ejected > all * maxShare,
  }
}

/** Ejects nothing. */
export const noEjection: Ejection = { onFailure: () => 0, panics: () => false }
