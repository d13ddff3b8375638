import type { ConsulRequest, ConsulResponse } from '../discovery/consul/agent.ts'
import type { Clock } from '../time/clock.ts'
import { durationMs, type Catalog, type FakeDefinition } from './catalog.ts'

/** Handles a request as Consul's agent does. */
export async function handleRequest(request: ConsulRequest, catalog: Catalog, clock: Clock): Promise<ConsulResponse> {
  const { pathname, searchParams: query } = new URL(request.path, 'http://agent')
  catalog.sweep(clock.now())
  for (const [pattern, handle] of routes) {
    const [found, name = ''] = pattern.exec(`${request.method} ${pathname}`) ?? []
    if (found) return handle({ request, name: decodeURIComponent(name), query, catalog, clock })
  }
  return text(404, 'this fake knows what tricube asks of Consul, no more')
}

interface RouteRequest {
  readonly request: ConsulRequest
  /** The id, service or key in the path. */
  readonly name: string
  readonly query: URLSearchParams
  readonly catalog: Catalog
  readonly clock: Clock
}

const routes: readonly (readonly [RegExp, (route: RouteRequest) => ConsulResponse | Promise<ConsulResponse>])[] = [
  [/^PUT \/v1\/agent\/service\/register$/, register],
  [/^PUT \/v1\/agent\/service\/deregister\/([^/]+)$/, deregister],
  [/^PUT \/v1\/agent\/check\/update\/service:([^/]+)$/, update],
  [/^GET \/v1\/agent\/service\/([^/]+)$/, find],
  [/^GET \/v1\/health\/service\/([^/]+)$/, health],
  [/^GET \/v1\/kv\/(.+)$/, readKey],
  [/^(?:PUT|DELETE) \/v1\/kv\/(.+)$/, writeKey],
]

function register({ request, catalog, clock }: RouteRequest): ConsulResponse {
  const definition = JSON.parse(request.body ?? '') as FakeDefinition
  if (!definition.Name) return text(400, 'Missing service name')
  catalog.register({ ...definition, ID: definition.ID || definition.Name }, clock.now())
  return text(200)
}

function deregister({ name, catalog }: RouteRequest): ConsulResponse {
  return catalog.deregister(name) ? text(200) : text(404, `Unknown service "${name}"`)
}

function update({ name, request, catalog, clock }: RouteRequest): ConsulResponse {
  const { Status } = JSON.parse(request.body ?? '') as { Status: string }
  return catalog.update(name, Status, clock.now()) ? text(200) : text(404, `Unknown check ID "service:${name}"`)
}

function find({ name, catalog }: RouteRequest): ConsulResponse {
  return catalog.has(name) ? json({ ID: name }) : text(404, `unknown service ID: ${name}`)
}

function health(route: RouteRequest): Promise<ConsulResponse> {
  return whenChanged(route, () => {
    const { index, entries } = route.catalog.health(route.name)
    return { index, response: json(entries) }
  })
}

function readKey(route: RouteRequest): Promise<ConsulResponse> {
  return whenChanged(route, () => {
    const { index, entry } = route.catalog.key(route.name)
    return { index, response: entry ? json([entry]) : text(404) }
  })
}

function writeKey({ request, name, catalog }: RouteRequest): ConsulResponse {
  catalog.setKey(name, request.method === 'PUT' ? (request.body ?? '') : undefined)
  return json(true)
}

/** Runs a blocking query: responds when the index is past the requested one, or when the wait is over. */
async function whenChanged(
  { request: { signal }, query, catalog, clock }: RouteRequest,
  look: () => { readonly index: number; readonly response: ConsulResponse },
): Promise<ConsulResponse> {
  const requestedIndex = Number(query.get('index') ?? 0)
  const until = clock.now() + durationMs(query.get('wait') || '5m')
  for (;;) {
    const nextEvent = catalog.sweep(clock.now())
    const { index, response } = look()
    const leftMs = until - clock.now()
    if (requestedIndex === 0 || index !== requestedIndex || leftMs <= 0 || signal.aborted) {
      return { ...response, headers: { ...response.headers, 'x-consul-index': String(index) } }
    }
    const over = new AbortController()
    const either = AbortSignal.any([signal, over.signal])
    await Promise.race([catalog.changed(either), clock.wait(Math.min(leftMs, nextEvent - clock.now()), either)])
    over.abort()
  }
}

function text(status: number, body = ''): ConsulResponse {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body }
}

function json(value: unknown): ConsulResponse {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) }
}
