import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock, type Clock } from '../time/clock.ts'
import type { KubernetesRequest, KubernetesResponse, KubernetesTransport } from '../discovery/kubernetes/api.ts'
import { handleRequest, status, type Cluster } from './routes.ts'
import { SliceStore, type FakeSlice } from './slices.ts'

/** Options of `fakeKubernetes`. */
export interface FakeKubernetesOptions {
  /** The port on 127.0.0.1. Default: a free one. */
  readonly port?: number
  /** Default: the system clock. */
  readonly clock?: Clock
}

/** Intercepts a request: it may respond itself, throw, or change the response of `next`. */
export type KubernetesFault = (
  request: KubernetesRequest,
  next: KubernetesTransport,
) => KubernetesResponse | Promise<KubernetesResponse>

/** The API server of a cluster in this process, with what tricube asks of it: lists and watches of EndpointSlices. */
export interface FakeKubernetes {
  /** The URL of the API, for `TRICUBE_KUBERNETES`. */
  readonly url: string
  /** A transport that reaches the API without a socket. */
  readonly transport: KubernetesTransport
  /** Intercepts every request; undefined: none. */
  fault: KubernetesFault | undefined
  /** The token that requests over HTTP must have; undefined: none. */
  token: string | undefined
  /** Creates or replaces a slice. */
  setSlice(name: string, slice: FakeSlice): void
  /** Deletes a slice. */
  deleteSlice(name: string): void
  /** Forgets the history, as etcd does: watches of earlier versions end with 410. */
  compact(): void
  /** Breaks the connections of all requests. */
  cut(): void
  /** Stops the API: requests in flight are cut, and new connections fail. */
  stop(): Promise<void>
  /** Starts the API again, at the same URL and with its slices. */
  start(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts the API server of a fake cluster on 127.0.0.1.
 *
 * @example
 * await using cluster = await fakeKubernetes()
 * cluster.setSlice('role-1', { service: 'role-service', endpoints: [{ addresses: ['10.0.0.7'] }], ports: [{ port: 8020 }] })
 * const registry = kubernetesRegistry({ address: cluster.url })
 */
export async function fakeKubernetes({
  port = 0,
  clock = systemClock,
}: FakeKubernetesOptions = {}): Promise<FakeKubernetes> {
  const cluster: Cluster = { store: new SliceStore(), clock, snapshots: new Map() }
  let server: Server | undefined
  let listening = port
  let up = new AbortController()

  const reach: KubernetesTransport = (request) => Promise.resolve(handleRequest(request, cluster))
  const transport: KubernetesTransport = async (request) => {
    if (!server) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
    const cut = up.signal
    const signal = AbortSignal.any([request.signal, cut])
    const fault = fake.fault ?? ((intercepted, next) => next(intercepted))
    const response = await fault({ ...request, signal }, reach)
    request.signal.throwIfAborted()
    return { ...response, body: untilCut(response.body, cut) }
  }
  const fake: FakeKubernetes = {
    get url() {
      return `http://127.0.0.1:${listening}`
    },
    transport,
    fault: undefined,
    token: undefined,
    setSlice: (name, slice) => cluster.store.set(name, slice),
    deleteSlice: (name) => cluster.store.delete(name),
    compact: () => cluster.store.compact(),
    cut() {
      up.abort()
      up = new AbortController()
      server?.closeAllConnections()
    },
    async stop() {
      const stopped = server
      server = undefined
      fake.cut()
      stopped?.closeAllConnections()
      if (stopped) await new Promise((resolve) => stopped.close(resolve))
    },
    async start() {
      server = createServer((request, response) => void handle(request, response, fake)).listen(listening, '127.0.0.1')
      await once(server, 'listening')
      listening = (server.address() as AddressInfo).port
    },
    [Symbol.asyncDispose]: () => fake.stop(),
  }
  await fake.start()
  return fake
}

/** Ends a body with an error when the connection is cut. */
async function* untilCut(body: AsyncIterable<Uint8Array>, cut: AbortSignal): AsyncGenerator<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]()
  let fail = (): void => {}
  const broken = new Promise<never>((_, reject) => {
    fail = () => reject(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }))
  })
  broken.catch(() => {}) // cut after the end
  cut.addEventListener('abort', fail)
  try {
    for (;;) {
      const { done, value } = await Promise.race([chunks.next(), broken])
      if (done) return
      yield value
    }
  } finally {
    cut.removeEventListener('abort', fail)
    void chunks.return?.().catch(() => {})
  }
}

async function handle(request: IncomingMessage, response: ServerResponse, fake: FakeKubernetes): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  try {
    const isKnown = fake.token === undefined || request.headers.authorization === `Bearer ${fake.token}`
    const reached = isKnown
      ? await fake.transport({ path: request.url!, signal: gone.signal })
      : status(401, 'Unauthorized', 'Unauthorized')
    response.writeHead(reached.status, reached.headers)
    response.flushHeaders()
    for await (const chunk of reached.body) response.write(chunk)
    response.end()
  } catch {
    response.destroy() // like a broken connection
  }
}
