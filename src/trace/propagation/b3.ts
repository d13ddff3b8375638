/** B3, Zipkin's propagation. https://github.com/openzipkin/b3-propagation */
import { isHex, parseHex32 } from '../ids.ts'
import type { SpanRecord } from '../spanRecord.ts'
import type { IncomingHeaders, Propagator } from './propagator.ts'
import type { RemoteParent } from './remoteParent.ts'

/** The single header `b3`. */
export const b3Single: Propagator = {
  extract,
  inject(span, headers) {
    headers['b3'] = `${span.trace.id}-${span.id}-${span.trace.isSampled ? '1' : '0'}`
  },
}

/** The headers `x-b3-…`. */
export const b3Multi: Propagator = {
  extract,
  inject(span: SpanRecord, headers: Record<string, string>): void {
    headers['x-b3-traceid'] = span.trace.id
    headers['x-b3-spanid'] = span.id
    const { parentId } = span
    if (parentId !== undefined) headers['x-b3-parentspanid'] = parentId
    headers['x-b3-sampled'] = span.trace.isSampled ? '1' : '0'
  },
}

/** Reads either form; the single header has precedence, as specified. */
function extract(headers: IncomingHeaders): RemoteParent | undefined {
  const { b3 } = headers
  if (typeof b3 === 'string') {
    const parent = parseB3(b3)
    if (parent) return parent
  }
  const trace = headers['x-b3-traceid']
  const sampled = headers['x-b3-sampled']
  const flags = headers['x-b3-flags']
  if (trace === undefined && sampled === undefined && flags === undefined) return undefined
  const isSampled = flags === '1' ? true : decisions.get(sampled as string)
  const span = headers['x-b3-spanid']
  if (typeof trace === 'string' && typeof span === 'string') return withIds(trace, span, isSampled)
  return trace === undefined && isSampled !== undefined ? decisionOnly(isSampled) : undefined
}

/** Parses `{trace}-{span}[-{decision}[-{parent}]]` or a single decision; undefined when it is invalid. */
export function parseB3(header: string): RemoteParent | undefined {
  if (header.length === 1) return singleDecisions.has(header) ? decisionOnly(singleDecisions.get(header)!) : undefined
  const [trace = '', span = '', decision, parent, ...rest] = header.split('-')
  if (rest.length > 0 || (decision !== undefined && !singleDecisions.has(decision))) return undefined
  if (parent !== undefined && !(parent.length === 16 && isHex(parent, 0, 16))) return undefined
  return withIds(trace, span, decision === undefined ? undefined : singleDecisions.get(decision))
}

// `d` is debug: record the trace regardless of the sampler.
const singleDecisions: ReadonlyMap<string, boolean> = new Map([
  ['1', true],
  ['d', true],
  ['0', false],
])

// Older tracers send words.
const decisions: ReadonlyMap<string, boolean> = new Map([
  ['1', true],
  ['true', true],
  ['0', false],
  ['false', false],
])

function withIds(trace: string, span: string, isSampled: boolean | undefined): RemoteParent | undefined {
  if ((trace.length !== 32 && trace.length !== 16) || span.length !== 16) return undefined
  if (!isHex(trace, 0, trace.length) || !isHex(span, 0, 16)) return undefined
  const low = trace.length - 16
  const parent = {
    trace0: low === 0 ? 0 : parseHex32(trace, 0),
    trace1: low === 0 ? 0 : parseHex32(trace, 8),
    trace2: parseHex32(trace, low),
    trace3: parseHex32(trace, low + 8),
    span0: parseHex32(span, 0),
    span1: parseHex32(span, 8),
    isSampled,
    isRandom: false,
    state: undefined,
  }
  const hasTrace = (parent.trace0 | parent.trace1 | parent.trace2 | parent.trace3) !== 0
  return hasTrace && (parent.span0 | parent.span1) !== 0 ? parent : undefined
}

function decisionOnly(isSampled: boolean): RemoteParent {
  return {
    trace0: 0,
    trace1: 0,
    trace2: 0,
    trace3: 0,
    span0: 0,
    span1: 0,
    isSampled,
    isRandom: false,
    state: undefined,
  }
}
