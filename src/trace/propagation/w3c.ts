/** W3C Trace Context, level 2. https://www.w3.org/TR/trace-context-2/ */
import { digitAt, isHex, parseHex32 } from '../ids.ts'
import { randomFlag, sampledFlag } from '../flags.ts'
import type { Propagator } from './propagator.ts'
import type { RemoteParent } from './remoteParent.ts'
import { cleanTraceState } from './traceState.ts'

/** `traceparent` and `tracestate`. */
export const w3c: Propagator = {
  extract(headers) {
    const header = headers['traceparent']
    return typeof header === 'string' ? parseTraceParent(header, headers['tracestate']) : undefined
  },
  inject(span, headers) {
    headers['traceparent'] = span.traceParent
    const { state } = span.trace
    const clean = state === undefined ? undefined : cleanTraceState(state)
    if (clean !== undefined) headers['tracestate'] = clean
  },
}

// version "-" trace-id "-" parent-id "-" flags
const length = 55

/** Parses a `traceparent` strictly: undefined for everything that the standard calls invalid. */
export function parseTraceParent(header: string, state?: string | readonly string[]): RemoteParent | undefined {
  if (header.length < length || !hasForm(header)) return undefined
  const isVersion0 = header.startsWith('00')
  if (isVersion0 ? header.length > length : header.startsWith('ff')) return undefined
  // A later version may append fields, each after a dash.
  if (header.length > length && header.charCodeAt(length) !== dash) return undefined

  const parent = {
    trace0: parseHex32(header, 3),
    trace1: parseHex32(header, 11),
    trace2: parseHex32(header, 19),
    trace3: parseHex32(header, 27),
    span0: parseHex32(header, 36),
    span1: parseHex32(header, 44),
    isSampled: (digitAt(header, 54) & sampledFlag) !== 0,
    isRandom: (digitAt(header, 54) & randomFlag) !== 0,
    // Node joins repeated headers.
    state: typeof state === 'string' ? state : undefined,
  }
  const hasTrace = (parent.trace0 | parent.trace1 | parent.trace2 | parent.trace3) !== 0
  return hasTrace && (parent.span0 | parent.span1) !== 0 ? parent : undefined
}

function hasForm(header: string): boolean {
  return (
    header.charCodeAt(2) === dash &&
    header.charCodeAt(35) === dash &&
    header.charCodeAt(52) === dash &&
    isHex(header, 0, 2) &&
    isHex(header, 3, 35) &&
    isHex(header, 36, 52) &&
    isHex(header, 53, length)
  )
}

const dash = '-'.charCodeAt(0)
