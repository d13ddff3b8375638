/** A request to the API of Kubernetes: always a GET. */
export interface KubernetesRequest {
  /** The path and query, starting with `/apis`. */
  readonly path: string
  /** Cancels the request and its response. */
  readonly signal: AbortSignal
}

/** A response of the API of Kubernetes. */
export interface KubernetesResponse {
  readonly status: number
  /** Headers by their name in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** The body as it arrives: that of a watch has no end. */
  readonly body: AsyncIterable<Uint8Array>
}

/** Sends a request to the API; rejects when it does not respond. */
export type KubernetesTransport = (request: KubernetesRequest) => Promise<KubernetesResponse>

/** The API rejected a request or sent an invalid response. */
export class KubernetesError extends Error {
  override readonly name: string = 'KubernetesError'
  /** The HTTP status; undefined when there was none. */
  readonly status: number | undefined
  /** How long the API wants to be left alone, in milliseconds. */
  readonly retryAfterMs: number | undefined

  constructor(message: string, status?: number, retryAfterMs?: number) {
    super(message)
    this.status = status
    this.retryAfterMs = retryAfterMs
  }
}

/** Some of the endpoints of a service. https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1/ */
export interface EndpointSlice {
  readonly metadata: { readonly name: string; readonly resourceVersion?: string }
  readonly addressType: 'IPv4' | 'IPv6' | 'FQDN'
  readonly endpoints?: readonly Endpoint[] | null
  readonly ports?: readonly EndpointPort[] | null
}

/** An endpoint of a slice. A missing condition has a meaning: see `toInstances`. */
export interface Endpoint {
  readonly addresses: readonly string[]
  readonly conditions?: {
    readonly ready?: boolean | null
    readonly serving?: boolean | null
    readonly terminating?: boolean | null
  }
  readonly zone?: string
  readonly nodeName?: string
  readonly hints?: { readonly forZones?: readonly { readonly name: string }[] }
  readonly targetRef?: { readonly kind?: string; readonly name?: string; readonly uid?: string }
}

/** A port of all endpoints of a slice. */
export interface EndpointPort {
  readonly name?: string | null
  readonly port?: number | null
  readonly protocol?: string | null
  readonly appProtocol?: string | null
}

/** A line of a watch. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: EndpointSlice | { readonly code?: number; readonly message?: string; readonly metadata?: undefined }
}

/** A page of a list. */
export interface SliceList {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string }
  readonly items: readonly EndpointSlice[]
}
