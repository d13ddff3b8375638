import { traceIdText } from './ids.ts'
import type { RemoteParent } from './propagation/propagator.ts'
import type { Span } from './span.ts'
import type { Tracer } from './tracer.ts'

export const sampledFlag = 1
export const randomFlag = 2

/** What the spans of one trace have in common in this process. */
export class Trace {
  readonly tracer: Tracer
  /** The id, its highest 32 bits first. */
  readonly id0: number
  readonly id1: number
  readonly id2: number
  readonly id3: number
  /** Whether those who are called on behalf of it are asked to record it. */
  readonly isSampled: boolean
  /** Whether its id is random, as W3C's level 2 says; of a caller's trace what the caller says. */
  readonly isRandom: boolean
  /** Whether its spans are recorded in this process. */
  isRecorded: boolean
  /** Some span of it has failed. */
  hasFailed: boolean
  /** Its first span in this process. */
  first: Span | undefined
  /** Spans that wait for the end of the first one, which decides whether they are kept. */
  held: Span[] | undefined
  /** The caller's `tracestate`, as it came. */
  readonly state: string | undefined
  /** At the edge: the span of a caller that is not believed. */
  readonly link: RemoteParent | undefined
  #text: string | undefined

  constructor(
    tracer: Tracer,
    id0: number,
    id1: number,
    id2: number,
    id3: number,
    isSampled: boolean,
    isRandom: boolean,
    isHeld: boolean,
    state: string | undefined,
    link: RemoteParent | undefined,
  ) {
    this.tracer = tracer
    this.id0 = id0
    this.id1 = id1
    this.id2 = id2
    this.id3 = id3
    this.isSampled = isSampled
    this.isRandom = isRandom
    this.isRecorded = isSampled || isHeld
    this.hasFailed = false
    this.first = undefined
    this.held = isHeld && !isSampled ? [] : undefined
    this.state = state
    this.link = link
    this.#text = undefined
  }

  /** W3C's flags of the trace: 1 sampled, 2 random. https://www.w3.org/TR/trace-context-2/#trace-flags */
  get flags(): number {
    return (this.isSampled ? sampledFlag : 0) | (this.isRandom ? randomFlag : 0)
  }

  /** The id as 32 hexadecimal digits. */
  get id(): string {
    return (this.#text ??= traceIdText(this.id0, this.id1, this.id2, this.id3))
  }
}
