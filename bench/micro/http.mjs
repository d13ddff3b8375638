import { EventEmitter } from 'node:events'
import { internals } from '../internals.mjs'

const { Cancellation, compileStrictCheck, Expiring, Wheel } = await internals(
  'resilience/cancellation.ts',
  'http/transport/strict.ts',
  'time/wheel.ts',
)

const rawHeaders = [
  ['Host', 'users.internal:8010'],
  ['accept', 'application/json'],
  ['content-type', 'application/json'],
  ['user-agent', 'undici'],
  ['traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
  ['x-request-id', '4bf92f3577b34da6a3ce929d0e0e4736'],
  ['x-request-timeout-ms', '4990'],
  ['connection', 'keep-alive'],
].flat()
const request = { url: '/users/4711', rawHeaders, httpVersionMajor: 1, httpVersionMinor: 1 }
const check = compileStrictCheck({ urlLimit: 8192, queryLimit: 100, headerCountLimit: 100 })
const hostPattern = /^(?:\[[\da-f:.]{2,45}\]|[\w.-]{1,253})(?::\d{1,5})?$/i
function plainCheck({ url, rawHeaders: headers }) {
  if (!url.startsWith('/') || url.includes('#') || url.includes('%')) return 'target'
  if (headers.length > 200) return 'count'
  let host
  for (let i = 0; i < headers.length; i += 2) {
    switch (headers[i].toLowerCase()) {
      case 'host':
        if (host !== undefined) return 'host'
        host = headers[i + 1]
        break
      case '__proto__':
      case 'constructor':
        return 'name'
      case 'transfer-encoding':
        if (headers[i + 1].toLowerCase() !== 'chunked') return 'coding'
    }
  }
  return host === undefined || !hostPattern.test(host) ? 'host' : undefined
}

// isCarried of http/transport/response.ts
const carried = new Set(['x-content-type-options', 'x-frame-options', 'referrer-policy', 'x-request-id'])
const formOf = (name) => (name.length & 31) * 32 + (name.charCodeAt(name.length - 1) & 31)
const forms = new Uint8Array(32 * 32)
for (const name of carried) forms[formOf(name)] = 1
const set = ['content-type', 'content-length', 'connection', 'x-should-retry', 'cache-control']

/** A call that a request waits for. */
class Call {
  cancel() {}
}
const call = new Call()
function cancellation() {
  const cancelled = new Cancellation()
  cancelled.add(call)
  cancelled.add(call)
  cancelled.remove(call)
  cancelled.remove(call)
  return cancelled
}
function abortSignal() {
  const { signal } = new AbortController()
  const [one, two] = [() => call.cancel(), () => call.cancel()]
  signal.addEventListener('abort', one, { once: true })
  signal.addEventListener('abort', two, { once: true })
  signal.removeEventListener('abort', one)
  signal.removeEventListener('abort', two)
  return signal
}

/** Requests in flight: 64 at once, the oldest ends when one begins. */
class Open {
  before
  after
  body = { url: '/users/4711', at: performance.now() }
}
function linked(rounds) {
  let [oldest, newest, size] = [undefined, undefined, 0]
  for (let i = 0; i < rounds; i++) {
    const open = new Open()
    open.before = newest
    if (newest) newest.after = open
    else oldest = open
    newest = open
    if (++size <= 64) continue
    const ended = oldest
    oldest = ended.after
    oldest.before = undefined
    ended.after = undefined
    size--
  }
  return size
}
function inSet(rounds) {
  const all = new Set()
  for (let i = 0; i < rounds; i++) {
    all.add(new Open())
    if (all.size > 64) all.delete(all.values().next().value)
  }
  return all.size
}

const wheel = new Wheel()
class Timeout extends Expiring {
  expire() {}
}
function onWheel(i) {
  const timeout = new Timeout()
  wheel.add(timeout, 1000 + (i & 1023))
  wheel.remove(timeout)
  return timeout
}
function onTimer(i) {
  const timer = setTimeout(() => {}, 1000 + (i & 1023))
  clearTimeout(timer)
  return timer
}

/** The end of a response, heard by one function or by a closure of its own. */
class Emitter extends EventEmitter {
  open
}
function onClose() {
  closed += this.open
}
let closed = 0
const byThis = (i) => {
  const emitter = new Emitter()
  emitter.open = i
  emitter.on('close', onClose)
  emitter.emit('close')
}
const byClosure = (i) => {
  const emitter = new Emitter()
  emitter.on('close', () => (closed += i))
  emitter.emit('close')
}

function repeated(run) {
  return (rounds) => {
    let last
    for (let i = 0; i < rounds; i++) last = run(i)
    return last
  }
}

export const http = {
  'headers told apart by length (strict.ts)': {
    trick: repeated(() => check(request)),
    plain: repeated(() => plainCheck(request)),
  },
  'header names by length and last letter (response.ts)': {
    trick: repeated((i) => forms[formOf(set[i % set.length])] === 1 && carried.has(set[i % set.length].toLowerCase())),
    plain: repeated((i) => carried.has(set[i % set.length].toLowerCase())),
  },
  'one function for all responses, not a closure for each (inFlight.ts)': {
    trick: repeated(byThis),
    plain: repeated(byClosure),
  },
  'requests in flight as a linked list (inFlight.ts)': { trick: linked, plain: inSet },
  'cancellation without AbortSignal (cancellation.ts)': {
    trick: repeated(cancellation),
    plain: repeated(abortSignal),
  },
  'timeouts on a wheel (wheel.ts)': { trick: repeated(onWheel), plain: repeated(onTimer) },
}
