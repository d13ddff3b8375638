import type { Clock } from '../../time/clock.ts'
import { within } from '../../time/timeout.ts'
import {
  KubernetesError,
  type EndpointSlice,
  type KubernetesResponse,
  type KubernetesTransport,
  type SliceList,
  type WatchEvent,
} from './api.ts'
import { lines } from './lines.ts'

/** Options of `SliceClient`. */
export interface SliceClientOptions {
  readonly transport: KubernetesTransport
  readonly namespace: () => Promise<string>
  readonly clock: Clock
  readonly random: () => number
}

/** All slices of a service at one moment. */
export interface Listed {
  readonly slices: readonly EndpointSlice[]
  readonly version: string
}

/** The history of the API does not reach back to the version that was asked for: list again. */
export class VersionExpired extends Error {
  override readonly name: string = 'VersionExpired'
}

/** Lists and watches the EndpointSlices of a service. */
export class SliceClient {
  readonly #options: SliceClientOptions

  constructor(options: SliceClientOptions) {
    this.#options = options
  }

  /**
   * Lists all slices of a service, page by page.
   *
   * @throws {VersionExpired} when the list changed too much between two pages
   * @throws {KubernetesError} when the API rejects it
   */
  async list(service: string, signal: AbortSignal): Promise<Listed> {
    const slices: EndpointSlice[] = []
    let token = ''
    for (;;) {
      const query = { limit: String(pageSize), ...(token !== '' && { continue: token }) }
      const { metadata, items } = await this.#read(service, query, signal)
      if (!Array.isArray(items) || typeof metadata?.resourceVersion !== 'string') {
        throw new KubernetesError('sent a list without items or resourceVersion')
      }
      slices.push(...items)
      token = metadata.continue ?? ''
      if (token === '') return { slices, version: metadata.resourceVersion }
    }
  }

  /**
   * Returns the changes since a version, until the API ends the watch.
   *
   * @throws {VersionExpired} when that version is too old
   * @throws {KubernetesError} when the API rejects it, or sends an error
   */
  async *watch(service: string, version: string, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const { clock, random } = this.#options
    // The API ends the watch by itself. All callers together should not come back at the same moment.
    const timeoutSeconds = Math.round(shortestWatchSeconds * (1 + random()))
    const query = {
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: version,
      timeoutSeconds: String(timeoutSeconds),
    }
    const end = new AbortController() // breaks the connection, also while it is silent
    try {
      const { body } = await this.#send(service, query, AbortSignal.any([signal, end.signal]))
      for await (const line of lines(body, { clock, idleMs, signal })) yield eventOf(line)
    } finally {
      end.abort()
    }
  }

  async #read(service: string, query: Record<string, string>, signal: AbortSignal): Promise<SliceList> {
    const { clock } = this.#options
    return within(
      clock,
      responseMs,
      async (limit) => {
        const { body } = await this.#send(service, query, limit)
        const chunks: Uint8Array[] = []
        for await (const chunk of body) chunks.push(chunk)
        return parse(Buffer.concat(chunks).toString()) as SliceList
      },
      signal,
    )
  }

  async #send(service: string, query: Record<string, string>, signal: AbortSignal): Promise<KubernetesResponse> {
    const { transport, namespace, clock } = this.#options
    const selector = { labelSelector: `kubernetes.io/service-name=${service}` }
    const search = new URLSearchParams({ ...selector, ...query }).toString()
    const path = `/apis/discovery.k8s.io/v1/namespaces/${encodeURIComponent(await namespace())}/endpointslices?${search}`
    const response = await within(clock, responseMs, () => transport({ path, signal }), signal)
    if (response.status === 200) return response
    const text = await within(clock, responseMs, () => start(response.body), signal)
    if (response.status === 410) throw new VersionExpired(text)
    throw new KubernetesError(`responded with ${response.status}: ${text}`, response.status, retryAfterOf(response))
  }
}

/** @throws when the API reports an error */
function eventOf(line: string): WatchEvent {
  const event = parse(line) as WatchEvent
  if (event.type === 'ERROR') {
    const { code, message } = event.object as { readonly code?: number; readonly message?: string }
    throw code === 410 ? new VersionExpired(message) : new KubernetesError(message ?? 'sent an error', code)
  }
  if (typeof event.object?.metadata?.name !== 'string' && event.type !== 'BOOKMARK') {
    throw new KubernetesError('sent a change without an object')
  }
  return event
}

/** Returns the first characters of a body, for a message. */
async function start(body: AsyncIterable<Uint8Array>): Promise<string> {
  let text = ''
  for await (const chunk of body) {
    text += Buffer.from(chunk).toString()
    if (text.length > 200) break
  }
  const { message } = (attempt(() => JSON.parse(text)) ?? {}) as { readonly message?: string }
  return (message ?? text).trim().slice(0, 200)
}

function attempt(read: () => unknown): unknown {
  try {
    return read()
  } catch {
    return undefined
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new KubernetesError(`sent what is not JSON: ${text.slice(0, 100)}`)
  }
}

function retryAfterOf({ headers }: KubernetesResponse): number | undefined {
  const seconds = Number(headers['retry-after'] ?? Number.NaN)
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1000, longestRetryAfterMs) : undefined
}

/** The page size of `kubectl` and of client-go. */
const pageSize = 500
/** A watch lasts this long to twice as long, as in client-go. */
const shortestWatchSeconds = 300
/** The API sends a bookmark about once a minute. After another minute without a word, the connection is dead. */
const idleMs = 120_000
const responseMs = 10_000
const longestRetryAfterMs = 60_000
