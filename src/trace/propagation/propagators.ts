import { b3Multi, b3Single } from './b3.ts'
import type { Propagator } from './propagator.ts'
import { w3c } from './w3c.ts'

/** The names of `OTEL_PROPAGATORS`. Either name of B3 reads both of its forms. */
export const propagatorNames = ['tracecontext', 'baggage', 'b3', 'b3multi', 'none'] as const

/** A propagator's name. */
export type PropagatorName = (typeof propagatorNames)[number]

/**
 * In force unless others are named. It reads B3 too, and does not write it: W3C's header is enough for a callee, and each
 * further header costs both sides of a call.
 */
export const usualPropagator: Propagator = {
  extract: (headers) => w3c.extract(headers) ?? b3Multi.extract(headers),
  inject: (span, headers) => w3c.inject(span, headers),
}

/** Combines propagators: the first that finds a parent wins, and each of them injects. */
export function propagators(names: readonly PropagatorName[]): Propagator {
  const all = names.flatMap((name) => byName[name])
  return {
    extract(headers) {
      for (const one of all) {
        const parent = one.extract(headers)
        if (parent) return parent
      }
      return undefined
    },
    inject(span, headers) {
      for (const one of all) one.inject(span, headers)
    },
  }
}

const byName: Readonly<Record<PropagatorName, readonly Propagator[]>> = {
  tracecontext: [w3c],
  baggage: [], // baggage belongs to no span: calls forward that of their request
  b3: [b3Single],
  b3multi: [b3Multi],
  none: [],
}
