import type { KubernetesResponse } from '../discovery/kubernetes/api.ts'
import { systemClock, type Clock } from '../time/clock.ts'
import type { KubernetesFault } from './fakeKubernetes.ts'
import { status } from './routes.ts'

/** Options of `kubernetesMischief`. */
export interface KubernetesMischiefOptions {
  /** How many requests get a fault, from 0 to 1. Default 0.5. */
  readonly share?: number
  /** The longest time that a connection is slow or silent, in milliseconds. Default 1,000. */
  readonly longestMs?: number
  /** Returns numbers from 0 to 1. Default `Math.random`. */
  readonly random?: () => number
  /** Default: the system clock. */
  readonly clock?: Clock
}

/**
 * Returns a fault that does at random what API servers and networks do wrong: errors, expired versions, broken and silent
 * connections. It also repeats events, sends unknown ones, cuts lines into pieces, and ends watches at once.
 *
 * @example
 * await using cluster = await fakeKubernetes()
 * cluster.fault = kubernetesMischief({ share: 0.3 })
 */
export function kubernetesMischief(options: KubernetesMischiefOptions = {}): KubernetesFault {
  const { share = 0.5, longestMs = 1000, random = Math.random, clock = systemClock } = options
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!
  return async (request, next) => {
    if (random() >= share) return next(request)
    const rejected = pick(rejections)
    const changed = pick(bodies)
    if (random() < 0.4) return rejected()
    const response = await next(request)
    const scene: Scene = { random, longestMs, clock, signal: request.signal }
    return { ...response, body: changed(response.body, scene) }
  }
}

interface Scene {
  readonly random: () => number
  readonly longestMs: number
  readonly clock: Clock
  readonly signal: AbortSignal
}

type Body = KubernetesResponse['body']

const rejections: readonly (() => KubernetesResponse)[] = [
  () => status(500, 'InternalError', 'etcdserver: request timed out'),
  () => status(503, 'ServiceUnavailable', 'apiserver not ready'),
  () => status(504, 'Timeout', 'Too large resource version'),
  () => status(410, 'Expired', 'The provided continue parameter is too old'),
  () => ({ ...status(429, 'TooManyRequests', 'slow down'), headers: { 'retry-after': '1' } }),
  () => ({ status: 200, headers: {}, body: pieces('<html>not the API</html>\n') }),
  () => ({ status: 200, headers: {}, body: pieces('') }),
  () => {
    throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
  },
]

const bodies: readonly ((body: Body, scene: Scene) => Body)[] = [
  async function* endsSoon(body) {
    for await (const chunk of body) {
      yield chunk
      return
    }
  },
  async function* breaks(body, { random }) {
    for await (const chunk of body) {
      yield chunk.subarray(0, Math.floor(chunk.length * random()))
      throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
    }
  },
  async function* comesInPieces(body, { random }) {
    for await (const chunk of body) {
      const size = 1 + Math.floor(random() * 7)
      for (let at = 0; at < chunk.length; at += size) yield chunk.subarray(at, at + size)
    }
  },
  async function* isSlow(body, { random, longestMs, clock, signal }) {
    for await (const chunk of body) {
      await clock.wait(random() * longestMs, signal)
      yield chunk
    }
  },
  async function* fallsSilent(body, { random, longestMs, clock, signal }) {
    for await (const chunk of body) {
      yield chunk
      if (random() < 0.5) continue
      await clock.wait(longestMs, signal)
      throw Object.assign(new Error('read ETIMEDOUT'), { code: 'ETIMEDOUT' })
    }
  },
  async function* repeats(body) {
    for await (const chunk of body) {
      yield chunk
      if (isEvent(chunk)) yield chunk
    }
  },
  async function* sendsUnknown(body) {
    for await (const chunk of body) {
      if (isEvent(chunk)) yield Buffer.from('{"type":"REFRESHED","object":{"metadata":{"name":"x"}}}\n\n')
      yield chunk
    }
  },
  async function* expires(body) {
    for await (const chunk of body) {
      yield chunk
      if (isEvent(chunk)) {
        yield Buffer.from('{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}\n')
        return
      }
    }
  },
]

/** Whether a chunk is the line of a watch, and not a list. */
function isEvent(chunk: Uint8Array): boolean {
  return Buffer.from(chunk.subarray(0, 8)).toString() === '{"type":'
}

async function* pieces(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}
