import type { Span } from '../span.ts'
import { b3Multi, b3Single } from './b3.ts'
import { w3c } from './w3c.ts'

/** What a caller says of the span that it calls from. */
export interface RemoteParent {
  /** The trace's id, its highest 32 bits first; all 0: the caller tells only whether to sample. */
  readonly trace0: number
  readonly trace1: number
  readonly trace2: number
  readonly trace3: number
  /** The span's id; likewise. */
  readonly span0: number
  readonly span1: number
  /** Whether the caller records it; undefined: it leaves that to us. */
  readonly isSampled: boolean | undefined
  /** Whether it says that the trace's id is random. */
  readonly isRandom: boolean
  /** Its `tracestate`, unchecked. */
  readonly state: string | undefined
}

/** Headers as Node gives them. */
export type IncomingHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/** Takes the parent of a request out of its headers and puts that of a call into its own. */
export interface Propagator {
  /** Undefined when there is none, or it breaks the rules. */
  extract(headers: IncomingHeaders): RemoteParent | undefined
  inject(span: Span, headers: Record<string, string>): void
}

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

/** Whether a parent names a span, and is not only a decision. */
export function hasIds({ span0, span1 }: RemoteParent): boolean {
  return span0 !== 0 || span1 !== 0
}
