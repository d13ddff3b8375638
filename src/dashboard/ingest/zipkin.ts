/** Reads Zipkin's v2 JSON, which the services of `tricube dev` send. https://zipkin.io/zipkin-api/ */
import type { StoredEvent, StoredSpan } from '../model/span.ts'
import { attributesOf, eventOf, mostEvents, mostLinks, nameOf } from './limits.ts'

/** The fields of a Zipkin span, as far as they are read. */
interface ZipkinSpan {
  readonly traceId: string
  readonly id: string
  readonly parentId?: string
  readonly name?: string
  readonly kind?: string
  readonly timestamp?: number
  readonly duration?: number
  readonly localEndpoint?: { readonly serviceName?: string }
  readonly remoteEndpoint?: { readonly serviceName?: string }
  readonly tags?: Readonly<Record<string, string>>
  readonly annotations?: readonly { readonly timestamp: number; readonly value: string }[]
}

/** Converts spans; what is no span is left out. */
export function zipkinSpans(body: unknown): StoredSpan[] {
  return Array.isArray(body) ? body.filter(isSpan).map(storedSpan) : []
}

function isSpan(value: unknown): value is ZipkinSpan {
  const { traceId, id, timestamp } = (value ?? {}) as Partial<Record<keyof ZipkinSpan, unknown>>
  return /^[\da-f]{16,32}$/.test(String(traceId)) && /^[\da-f]{16}$/.test(String(id)) && Number.isFinite(timestamp)
}

function storedSpan(span: ZipkinSpan): StoredSpan {
  const { traceId, id, parentId, name, kind = 'internal', timestamp = 0, duration = 0, localEndpoint, tags = {} } = span
  const peer = span.remoteEndpoint?.serviceName
  const error = tags['error.type'] ?? tags['error']
  const lowerKind = kind.toLowerCase()
  return {
    traceId,
    id,
    ...(parentId !== undefined && { parentId }),
    service: nameOf(localEndpoint?.serviceName ?? 'unknown'),
    name: nameOf(name),
    kind: isKind(lowerKind) ? lowerKind : 'internal',
    startMs: timestamp / 1000,
    durationMs: duration / 1000,
    ...(error !== undefined && { error: nameOf(error) }),
    attributes: attributesOf([
      ...Object.entries(tags).filter(([key]) => !isShownElsewhere(key)),
      ...(peer === undefined ? [] : [['peer.service', peer] as const]),
    ]),
    events: eventsOf(span),
    links: Object.entries(tags)
      .flatMap(([key, value]) => (isLink(key) && /^[\da-f]{16,32}(?:-[\da-f]{16})?$/.test(value) ? [value] : []))
      .slice(0, mostLinks),
  }
}

const kinds = ['server', 'client', 'producer', 'consumer', 'internal'] as const

function isKind(kind: string): kind is (typeof kinds)[number] {
  return (kinds as readonly string[]).includes(kind)
}

/** Zipkin has no links. tricube's exporter writes each as a tag: `link.0` is a trace and a span. */
function isLink(key: string): boolean {
  return /^link\.\d+$/.test(key)
}

function isShownElsewhere(key: string): boolean {
  return isLink(key) || ['error', 'error.type', 'otel.status_code', 'otel.scope.name'].includes(key)
}

/** tricube's exporter writes an event as `name: {…}`. */
function eventsOf({ annotations = [] }: ZipkinSpan): StoredEvent[] {
  return annotations.slice(0, mostEvents).map(({ timestamp, value }) => {
    const at = value.indexOf(': {')
    return eventOf(timestamp / 1000, at < 0 ? value : value.slice(0, at), at < 0 ? '' : value.slice(at + 2))
  })
}
