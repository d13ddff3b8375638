import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { noteOf } from '../../trace/export/console.ts'
import { drawTrace, type TreeSpan } from '../../trace/export/tree.ts'

/** The receiver of the services' traces. */
export interface DevTraces {
  /** The variables that make a service send its traces here; none if the user has set an exporter. */
  readonly env: NodeJS.ProcessEnv
  stop(): Promise<void>
}

/** A trace is complete after this many milliseconds without a further span. */
const quietMs = 1000
/** How long a service buffers spans, in milliseconds: short, so that traces show up quickly. */
const delayMs = 100
/** Recorded traces per second and service: all that you cause by hand, and few of a load test. */
const perSecond = 20
/** Trees that are printed in a second. More are only counted. */
const mostPrinted = 5
const printingMs = 1000
const maxTraces = 200
const maxBytes = 4 * 1024 * 1024

/** Returns the variable that sends the traces elsewhere; undefined if the user has set none. */
export function ownExporter(env: NodeJS.ProcessEnv): string | undefined {
  return Object.keys(env).find((name) => /^OTEL_(?:TRACES_EXPORTER|EXPORTER_.*ENDPOINT)$/.test(name))
}

/**
 * Collects the spans of all services and prints each complete trace as a tree. `collect` receives each batch of spans, in
 * Zipkin's JSON.
 */
export async function openTraces(
  print: (tree: string) => void,
  env: NodeJS.ProcessEnv,
  collect: (spans: unknown) => void = () => {},
): Promise<DevTraces> {
  if (ownExporter(env) !== undefined) return { env: {}, stop: () => Promise.resolve() }
  const traces = new Traces(print, collect)
  // Any page in a browser can post to this port. Only the services know the path.
  const path = `/${randomUUID()}/api/v2/spans`
  const server = createServer((request, response) => {
    if (request.url === path && request.method === 'POST') void receive(request, response, traces)
    else response.writeHead(404).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    env: {
      OTEL_EXPORTER_ZIPKIN_ENDPOINT: `http://127.0.0.1:${port}${path}`,
      OTEL_BSP_SCHEDULE_DELAY: env['OTEL_BSP_SCHEDULE_DELAY'] ?? String(delayMs),
      OTEL_TRACES_SAMPLER: env['OTEL_TRACES_SAMPLER'] ?? 'parentbased_ratelimit',
      OTEL_TRACES_SAMPLER_ARG: env['OTEL_TRACES_SAMPLER_ARG'] ?? String(perSecond),
    },
    async stop() {
      traces.close()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The fields of a Zipkin span that the tree shows. */
interface ZipkinSpan {
  readonly traceId: string
  readonly id: string
  readonly parentId?: string
  readonly name: string
  readonly timestamp: number
  readonly duration: number
  readonly localEndpoint: { readonly serviceName: string }
  readonly tags: Readonly<Record<string, string>>
}

/** Traces that are not complete yet. */
class Traces {
  readonly #print: (tree: string) => void
  readonly #collect: (spans: unknown) => void
  /** Trees of the current second; undefined when it is over. */
  #drawn: { count: number; readonly timer: NodeJS.Timeout } | undefined
  readonly #incomplete = new Map<string, { readonly spans: TreeSpan[]; readonly timer: NodeJS.Timeout }>()

  constructor(print: (tree: string) => void, collect: (spans: unknown) => void) {
    this.#print = print
    this.#collect = collect
  }

  addAll(spans: readonly ZipkinSpan[]): void {
    for (const span of spans) this.add(span)
    this.#collect(spans)
  }

  add(span: ZipkinSpan): void {
    const { traceId } = span
    let trace = this.#incomplete.get(traceId)
    if (!trace) {
      if (this.#incomplete.size >= maxTraces) return
      trace = { spans: [], timer: setTimeout(() => this.#draw(traceId), quietMs) }
      this.#incomplete.set(traceId, trace)
    }
    trace.timer.refresh()
    trace.spans.push(treeSpan(span))
  }

  close(): void {
    clearTimeout(this.#drawn?.timer)
    for (const { timer } of this.#incomplete.values()) clearTimeout(timer)
    this.#incomplete.clear()
  }

  #draw(traceId: string): void {
    const { spans } = this.#incomplete.get(traceId)!
    this.#incomplete.delete(traceId)
    this.#drawn ??= { count: 0, timer: setTimeout(() => this.#countOthers(), printingMs) }
    if (++this.#drawn.count <= mostPrinted) this.#print(drawTrace(traceId, spans))
  }

  #countOthers(): void {
    const others = this.#drawn!.count - mostPrinted
    this.#drawn = undefined
    if (others > 0) this.#print(`and ${others} more ${others === 1 ? 'trace' : 'traces'}\n`)
  }
}

function treeSpan({ id, parentId, name, timestamp, duration, localEndpoint, tags }: ZipkinSpan): TreeSpan {
  return {
    id,
    parentId,
    service: localEndpoint.serviceName,
    name,
    startMs: timestamp / 1000,
    durationMs: duration / 1000,
    errorType: tags['error.type'],
    note: noteOf((key) => tags[key]),
    causes: causesIn(tags),
  }
}

/** Zipkin has no links. tricube's exporter writes each as a tag: `link.0` is a trace and a span. */
function causesIn(tags: ZipkinSpan['tags']): string[] {
  return Object.entries(tags).flatMap(([key, value]) => (/^link\.\d+$/.test(key) ? [value.split('-')[0]!] : []))
}

async function receive(request: IncomingMessage, response: ServerResponse, traces: Traces): Promise<void> {
  try {
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > maxBytes) return void response.writeHead(413).end()
      chunks.push(chunk)
    }
    traces.addAll(JSON.parse(Buffer.concat(chunks).toString()) as readonly ZipkinSpan[])
    response.writeHead(202).end()
  } catch {
    response.writeHead(400).end()
  }
}
