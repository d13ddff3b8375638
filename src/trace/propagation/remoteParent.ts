/** The caller's span, as its headers describe it. */
export interface RemoteParent {
  /** The trace's id, its highest 32 bits first; all 0 when the caller only sends a sampling decision. */
  readonly trace0: number
  readonly trace1: number
  readonly trace2: number
  readonly trace3: number
  /** The span's id; all 0 in the same case. */
  readonly span0: number
  readonly span1: number
  /** Whether the caller records the trace; undefined when it leaves the decision to this service. */
  readonly isSampled: boolean | undefined
  /** Whether the caller marks the trace's id as random. */
  readonly isRandom: boolean
  /** The caller's `tracestate`, not validated. */
  readonly state: string | undefined
}

/** Whether a parent has a span, and not only a decision. */
export function hasIds({ span0, span1 }: RemoteParent): boolean {
  return span0 !== 0 || span1 !== 0
}
