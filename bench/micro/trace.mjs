import { randomBytes } from 'node:crypto'
import { performance as imported } from 'node:perf_hooks'
import { internals } from '../internals.mjs'

const { parseTraceParent, randomId, random32, spanIdText, traceIdText } = await internals(
  'trace/propagation/w3c.ts',
  'trace/ids.ts',
)

const hex = (id) => (id >>> 0).toString(16).padStart(8, '0')
const [a, b, c, d] = [0x4bf92f35, 0x77b34da6, 0xa3ce929d, 0x0e0e4736]

const headers = Array.from(
  { length: 8 },
  () => `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`,
)
const pattern = /^([\da-f]{2})-([\da-f]{8})([\da-f]{8})([\da-f]{8})([\da-f]{8})-([\da-f]{8})([\da-f]{8})-([\da-f]{2})$/
function plainParent(header) {
  const parts = pattern.exec(header)
  if (!parts || parts[1] === 'ff') return undefined
  const number = (at) => Number.parseInt(parts[at], 16) | 0
  const flags = number(8)
  return {
    trace0: number(2),
    trace1: number(3),
    trace2: number(4),
    trace3: number(5),
    span0: number(6),
    span1: number(7),
    isSampled: (flags & 1) !== 0,
    isRandom: (flags & 2) !== 0,
    state: undefined,
  }
}

// The prefix of a log line: the time is written once per millisecond.
const line = Buffer.from(`{"level":"info","time":"${new Date(0).toISOString()}"`)
let writtenMs = NaN
function cachedTime() {
  const now = Date.now()
  if (now !== writtenMs) line.write(new Date((writtenMs = now)).toISOString(), 24, 'latin1')
  return line
}
function freshTime() {
  line.write(new Date().toISOString(), 24, 'latin1')
  return line
}

// Words that many lines have, encoded once.
const encoded = new Map(['getUser', 'GET', '/users/:id', '127.0.0.1'].map((word) => [word, Buffer.from(`"${word}"`)]))
const words = [...encoded.keys()]
const cachedWord = (i) => {
  const bytes = encoded.get(words[i & 3])
  for (let at = 0; at < bytes.length; at++) line[at] = bytes[at]
}
const freshWord = (i) => line.write(JSON.stringify(words[i & 3]), 0)

function repeated(run) {
  return (rounds) => {
    let last
    for (let i = 0; i < rounds; i++) last = run(i)
    return last
  }
}

export const trace = {
  'span ids from two integers by a table (ids.ts)': {
    trick: repeated((i) => spanIdText(a ^ i, b)),
    plain: repeated((i) => hex(a ^ i) + hex(b)),
  },
  'trace ids from four integers by a table (ids.ts)': {
    trick: repeated((i) => traceIdText(a ^ i, b, c, d)),
    plain: repeated((i) => hex(a ^ i) + hex(b) + hex(c) + hex(d)),
  },
  'request ids as slices of 64 at once (ids.ts)': {
    trick: repeated(() => randomId()),
    plain: repeated(() => traceIdText(random32(), random32(), random32(), random32())),
  },
  'random numbers of V8 (ids.ts)': {
    trick: repeated(() => traceIdText(random32(), random32(), random32(), random32())),
    plain: repeated(() => randomBytes(16).toString('hex')),
  },
  'traceparent by character codes (w3c.ts)': {
    trick: repeated((i) => parseTraceParent(headers[i & 7])),
    plain: repeated((i) => plainParent(headers[i & 7])),
  },
  'the time of a log line once per millisecond (access.ts)': {
    trick: repeated(cachedTime),
    plain: repeated(freshTime),
  },
  'words of log lines, encoded once (access.ts)': {
    trick: repeated(cachedWord),
    plain: repeated(freshWord),
  },
  'performance imported, not global (inFlight.ts)': {
    trick: repeated(() => imported.now()),
    plain: repeated(() => globalThis.performance.now()),
  },
}
