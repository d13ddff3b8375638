/** Everything that the dashboard knows: in memory, and on disk for the next start. */
import { join } from 'node:path'
import { readLine } from '../ingest/line.ts'
import type { LogLine } from '../model/logLine.ts'
import { isProbe, statusOf, type StoredSpan } from '../model/span.ts'
import type { ServiceRates } from '../model/state.ts'
import { LogStore } from './logs.ts'
import { RateSeries } from './rates.ts'
import { openSegments, type Segments } from './segments.ts'
import { TraceStore } from './traces.ts'

/** The bounds of a store. */
export interface StoreLimits {
  readonly traces: number
  readonly lines: number
  /** Characters in memory, of spans and of lines each. */
  readonly characters: number
  /** Bytes on disk, of spans and of lines each. */
  readonly diskBytes: number
}

const usualLimits: StoreLimits = {
  traces: 5000,
  lines: 100_000,
  characters: 12 * 1024 * 1024,
  diskBytes: 64 * 1024 * 1024,
}

/** The options of `openStore`. */
export interface StoreOptions {
  readonly folder: string
  readonly limits?: StoreLimits
  /** Called once for each kind of data that can no longer be written. */
  readonly onError: (error: Error) => void
}

/** Opens a store with what was written before. */
export async function openStore({ folder, limits = usualLimits, onError }: StoreOptions): Promise<Store> {
  const open = (name: string): Promise<Segments> =>
    openSegments({ folder: join(folder, 'dashboard'), name, maxBytes: limits.diskBytes, onError })
  const [spanFiles, lineFiles] = await Promise.all([open('spans'), open('lines')])
  const store = new Store(limits, spanFiles, lineFiles)
  for await (const span of spanFiles.read()) store.traces.add([span as StoredSpan])
  for await (const line of lineFiles.read()) store.logs.add(line as LogLine)
  return store
}

/** Keeps what services send and print. */
export class Store {
  readonly traces: TraceStore
  readonly logs: LogStore
  readonly #spanFiles: Segments
  readonly #lineFiles: Segments
  readonly #rates = new Map<string, RateSeries>()
  /** The services whose requests are counted from their log; those of others are counted from their spans. */
  readonly #logging = new Set<string>()

  constructor({ traces, lines, characters }: StoreLimits, spanFiles: Segments, lineFiles: Segments) {
    this.traces = new TraceStore({ traces, characters })
    this.logs = new LogStore({ lines, characters })
    this.#spanFiles = spanFiles
    this.#lineFiles = lineFiles
  }

  /** The services that have sent or printed something since the start. */
  get services(): string[] {
    return [...this.#rates.keys()]
  }

  addSpans(spans: readonly StoredSpan[]): void {
    for (const span of this.traces.add(spans)) {
      this.#spanFiles.append(span)
      if (span.kind !== 'server' || this.#logging.has(span.service)) continue
      const isError = span.error !== undefined || (statusOf(span) ?? 0) >= 500
      this.#ratesOf(span.service).add(span.startMs + span.durationMs, span.durationMs, isError ? 'error' : 'ok')
    }
  }

  /** Adds a line that a service printed. */
  addText(service: string, text: string): void {
    const { line, request } = readLine(service, text, Date.now())
    this.addLine(line)
    if (!request || isProbe(request.path)) return
    this.#logging.add(service)
    this.#ratesOf(service).add(line.atMs, request.durationMs, request.status >= 500 ? 'error' : 'ok')
  }

  addLine(line: Omit<LogLine, 'seq'>): void {
    this.logs.add(line)
    this.#lineFiles.append(line)
  }

  rates(service: string, nowMs: number): ServiceRates {
    return (this.#rates.get(service) ?? idle).read(nowMs)
  }

  /** Forgets the traces or the lines, on disk too. */
  async clear(what: 'traces' | 'logs'): Promise<void> {
    this[what].clear()
    await (what === 'traces' ? this.#spanFiles : this.#lineFiles).clear()
  }

  async close(): Promise<void> {
    await Promise.all([this.#spanFiles.close(), this.#lineFiles.close()])
  }

  #ratesOf(service: string): RateSeries {
    let rates = this.#rates.get(service)
    if (!rates && this.#rates.size >= mostServices) return new RateSeries()
    if (!rates) this.#rates.set(service, (rates = new RateSeries()))
    return rates
  }
}

/** Names come from outside. */
const mostServices = 200
const idle = new RateSeries()
