import type { KubernetesRequest, KubernetesResponse } from '../discovery/kubernetes/api.ts'
import type { Clock } from '../time/clock.ts'
import type { Selection, SliceStore, StoredSlice } from './slices.ts'

/** What the routes work on. */
export interface Cluster {
  readonly store: SliceStore
  readonly clock: Clock
  /** Snapshots of lists that are read page by page, by their versions. */
  readonly snapshots: Map<number, readonly StoredSlice[]>
}

/** Handles a request as the API server does. */
export function handleRequest(request: KubernetesRequest, cluster: Cluster): KubernetesResponse {
  const { pathname, searchParams: query } = new URL(request.path, 'http://api')
  const [, namespace] = /^\/apis\/discovery\.k8s\.io\/v1\/namespaces\/([^/]+)\/endpointslices$/.exec(pathname) ?? []
  const [, service] = /^kubernetes\.io\/service-name=(.+)$/.exec(query.get('labelSelector') ?? '') ?? []
  if (namespace === undefined || service === undefined) {
    return status(404, 'NotFound', 'this fake knows what tricube asks of Kubernetes, no more')
  }
  const selection = { namespace: decodeURIComponent(namespace), service }
  return query.get('watch') === 'true' ? watch(request, selection, query, cluster) : list(selection, query, cluster)
}

function list(selection: Selection, query: URLSearchParams, { store, snapshots }: Cluster): KubernetesResponse {
  const [version = store.version, from = 0] = (query.get('continue') ?? '').split(':').filter(Boolean).map(Number)
  if (!store.reachesBackTo(version)) return expired()
  const all = snapshots.get(version) ?? store.list(selection)
  snapshots.set(version, all)
  const limit = Number(query.get('limit') ?? 0) || all.length
  const rest = from + limit < all.length ? { continue: `${version}:${from + limit}` } : {}
  if (!('continue' in rest)) snapshots.delete(version)
  const metadata = { resourceVersion: String(version), ...rest }
  return json(200, { kind: 'EndpointSliceList', metadata, items: all.slice(from, from + limit) })
}

function watch(
  { signal }: KubernetesRequest,
  selection: Selection,
  query: URLSearchParams,
  { store, clock }: Cluster,
): KubernetesResponse {
  const version = Number(query.get('resourceVersion') ?? 0)
  if (version > store.version) return status(504, 'Timeout', 'Too large resource version')
  const hasBookmarks = query.get('allowWatchBookmarks') === 'true'
  return { status: 200, headers: { 'content-type': 'application/json' }, body: events() }

  async function* events(): AsyncGenerator<Uint8Array> {
    const until = clock.now() + Number(query.get('timeoutSeconds') ?? 1800) * 1000
    let [seen, bookmarkAt] = [version, clock.now() + bookmarkMs]
    while (!signal.aborted && clock.now() < until) {
      if (!store.reachesBackTo(seen)) {
        yield line({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: tooOld } })
        return
      }
      for (const { version: changedAt, event } of store.since(seen, selection)) {
        seen = changedAt
        yield line(event)
      }
      if (hasBookmarks && clock.now() >= bookmarkAt) {
        seen = store.version
        bookmarkAt = clock.now() + bookmarkMs
        const metadata = { resourceVersion: String(seen) }
        yield line({ type: 'BOOKMARK', object: { kind: 'EndpointSlice', metadata } })
      }
      if (store.since(seen, selection).length > 0) continue
      const over = new AbortController()
      const either = AbortSignal.any([signal, over.signal])
      const waitMs = Math.min(until, bookmarkAt) - clock.now()
      await Promise.race([store.changed(either), clock.wait(waitMs, either)])
      over.abort()
    }
  }
}

/** Responds with a status, as the API writes it. */
export function status(code: number, reason: string, message: string): KubernetesResponse {
  return json(code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message })
}

function expired(): KubernetesResponse {
  return status(410, 'Expired', tooOld)
}

function json(code: number, value: unknown): KubernetesResponse {
  return { status: code, headers: { 'content-type': 'application/json' }, body: once(line(value)) }
}

async function* once(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  yield chunk
}

function line(value: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(value)}\n`)
}

const tooOld = 'The resourceVersion for the provided watch is too old.'
const bookmarkMs = 60_000
