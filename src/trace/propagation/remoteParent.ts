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

/** Whether a parent names a span, and is not only a decision. */
export function hasIds({ span0, span1 }: RemoteParent): boolean {
  return span0 !== 0 || span1 !== 0
}
