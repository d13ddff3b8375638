import { b3Multi, b3Single } from './b3.ts'
import type { Propagator } from './propagator.ts'
import { w3c } from './w3c.ts'

/** The names of `OTEL_PROPAGATORS`. Each form of B3 is read whichever is named. */
export const propagatorNames = ['tracecontext', 'baggage', 'b3', 'b3multi', 'none'] as const

/** A propagator's name. */
export type PropagatorName = (typeof propagatorNames)[number]

/** Several as one: the first that finds a parent is believed, each writes. */
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
  baggage: [], // which is of no span: the calls of a request carry on what came with it
  b3: [b3Single],
  b3multi: [b3Multi],
  none: [],
}
