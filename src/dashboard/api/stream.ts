import type { ServerResponse } from 'node:http'
import type { LogLine } from '../model/logLine.ts'
import { logMatcher, type LogQuery } from '../model/logQuery.ts'
import type { DevMessage, ServiceRow, StreamBatch } from '../model/state.ts'
import type { TraceQuery } from '../model/traceQuery.ts'
import { beginEvents } from '../server/respond.ts'
import type { Store } from '../store/store.ts'

/** What a page follows. */
export interface Subscription {
  readonly services: boolean
  readonly traces?: TraceQuery | undefined
  readonly logs?: LogQuery | undefined
  /** The last line and the last change that the page has. */
  readonly afterLine: number
  readonly afterChange: number
}

/** The sources of a stream. */
export interface StreamSources {
  readonly store: Store
  readonly services: () => readonly ServiceRow[]
  /** The latest messages, and how many there have been. */
  readonly messages: () => readonly DevMessage[]
  readonly messageCount: () => number
}

/** Four batches a second at most: more changes than a person can see. */
const tickMs = 250
/** Services change once a second, which is what their charts need. */
const serviceTicks = 4
const mostTraces = 100
const mostLines = 250
/** A page that does not read gets no more until it does. */
const mostBuffered = 1024 * 1024

/** Sends each page what has changed, in batches. Nothing is queued: a page has positions in the store. */
export class LiveStream {
  readonly #sources: StreamSources
  readonly #pages = new Set<Page>()
  #timer: NodeJS.Timeout | undefined
  #ticks = 0

  constructor(sources: StreamSources) {
    this.#sources = sources
  }

  /** Whether anybody watches. */
  get isWatched(): boolean {
    return this.#pages.size > 0
  }

  open(response: ServerResponse, subscription: Subscription): void {
    beginEvents(response)
    const page = new Page(response, subscription, this.#sources)
    this.#pages.add(page)
    page.send(this.#sources, 'all')
    this.#timer ??= setInterval(() => this.#tick(), tickMs).unref()
    response.once('close', () => {
      this.#pages.delete(page)
      if (this.#pages.size === 0) this.close()
    })
  }

  close(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    for (const page of this.#pages) page.end()
  }

  #tick(): void {
    const what = this.#ticks++ % serviceTicks === 0 ? 'all' : 'changes'
    for (const page of this.#pages) page.send(this.#sources, what)
  }
}

class Page {
  readonly #response: ServerResponse
  readonly #subscription: Subscription
  readonly #matchesLine: (line: LogLine) => boolean
  #line: number
  #change: number
  #messageCount = 0
  #quietTicks = 0

  constructor(response: ServerResponse, subscription: Subscription, { store }: StreamSources) {
    this.#response = response
    this.#subscription = subscription
    this.#matchesLine = logMatcher(subscription.logs ?? {})
    // A restart begins to count anew.
    this.#line = Math.min(subscription.afterLine, store.logs.seq)
    this.#change = Math.min(subscription.afterChange, store.traces.version)
  }

  send(sources: StreamSources, what: 'all' | 'changes'): void {
    if (this.#response.writableLength > mostBuffered) return
    const batch = this.#batch(sources, what)
    if (Object.keys(batch).length > 0) {
      this.#quietTicks = 0
      this.#response.write(`data: ${JSON.stringify(batch)}\n\n`)
    } else if (++this.#quietTicks % quietTicks === 0) {
      this.#response.write(':\n\n') // proxies close what is silent
    }
  }

  end(): void {
    this.#response.end()
  }

  #batch({ store, services, messages, messageCount }: StreamSources, what: 'all' | 'changes'): StreamBatch {
    const { traces: traceQuery, logs: logQuery, services: wantsServices } = this.#subscription
    const traces = traceQuery ? store.traces.since(this.#change, traceQuery, mostTraces) : []
    const { lines, skipped } = logQuery ? store.logs.since(this.#line, this.#matchesLine, mostLines) : noLines
    const hasNews = wantsServices && messageCount() > this.#messageCount
    this.#change = store.traces.version
    this.#line = store.logs.seq
    this.#messageCount = messageCount()
    return {
      ...(wantsServices && what === 'all' && { services: services() }),
      ...(hasNews && { messages: messages() }),
      ...(traces.length > 0 && { traces }),
      ...(lines.length > 0 && { logs: lines }),
      ...(skipped > 0 && { skippedLogs: skipped }),
    }
  }
}

const noLines = { lines: [], skipped: 0 }
/** Fifteen seconds. */
const quietTicks = 60
