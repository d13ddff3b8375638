import type { StoredSpan, TraceSummary } from '../model/span.ts'
import { summaryOf } from '../model/summary.ts'
import { matchesTrace, type Searchable, type TraceQuery } from '../model/traceQuery.ts'

/** The bounds of what is kept in memory. */
export interface TraceLimits {
  readonly traces: number
  /** Characters of all spans together. */
  readonly characters: number
}

/** A page of traces, the newest first. */
export interface TracePage {
  readonly traces: readonly TraceSummary[]
  readonly hasMore: boolean
}

/** A trace with more spans is a loop: the rest is counted out. */
const mostSpans = 5000

/** The newest traces. */
export class TraceStore {
  readonly #limits: TraceLimits
  /** In the order of arrival. */
  readonly #traces = new Map<string, StoredTrace>()
  /** The traces that changed, in the order of the changes. */
  #changes: StoredTrace[] = []
  /** How many changes there were before the first of `#changes`. */
  #changesBefore = 0
  #characters = 0
  #seq = 0

  constructor(limits: TraceLimits) {
    this.#limits = limits
  }

  /** The number of the last change. */
  get version(): number {
    return this.#changesBefore + this.#changes.length
  }

  get size(): number {
    return this.#traces.size
  }

  /** Adds spans. One that is known is left out; one that comes late changes the summary of its trace. */
  add(spans: readonly StoredSpan[]): StoredSpan[] {
    const changed = new Set<StoredTrace>()
    const added = spans.filter((span) => {
      const trace = this.#traceOf(span.traceId)
      const characters = trace.add(span)
      this.#characters += characters
      if (characters > 0) changed.add(trace)
      this.#evict()
      return characters > 0
    })
    this.#changes.push(...changed)
    return added
  }

  /** Returns a trace's spans; undefined if it is not here. */
  spans(id: string): readonly StoredSpan[] | undefined {
    return this.#traces.get(id)?.spans
  }

  /** Returns the newest traces that match and arrived before `before`. */
  page(query: TraceQuery, { before = Infinity, limit = 100 }: { before?: number; limit?: number } = {}): TracePage {
    const found: TraceSummary[] = []
    const all = [...this.#traces.values()]
    for (let i = all.length - 1; i >= 0; i--) {
      const trace = all[i]!
      if (trace.seq >= before || !matchesTrace(query, trace)) continue
      if (found.length === limit) return { traces: found, hasMore: true }
      found.push(trace.summary)
    }
    return { traces: found, hasMore: false }
  }

  /** Returns the traces that changed after a version and match, at most `limit` of the newest, the newest first. */
  since(version: number, query: TraceQuery, limit: number): TraceSummary[] {
    const found = new Set<StoredTrace>()
    for (let i = this.#changes.length - 1; i >= 0 && this.#changesBefore + i >= version; i--) {
      const trace = this.#changes[i]!
      if (this.#traces.get(trace.id) !== trace || found.has(trace) || !matchesTrace(query, trace)) continue
      found.add(trace)
      if (found.size === limit) break
    }
    return [...found].map(({ summary }) => summary).toSorted((a, b) => b.seq - a.seq)
  }

  /** Returns the spans of the newest traces without probes, at most so many. */
  newest(limit: number): (readonly StoredSpan[])[] {
    const all = [...this.#traces.values()].filter(({ summary }) => !summary.isProbe)
    return all.slice(-limit).map(({ spans }) => spans)
  }

  clear(): void {
    this.#traces.clear()
    this.#changesBefore = this.version
    this.#changes = []
    this.#characters = 0
  }

  #traceOf(id: string): StoredTrace {
    let trace = this.#traces.get(id)
    if (!trace) this.#traces.set(id, (trace = new StoredTrace(id, ++this.#seq)))
    return trace
  }

  #evict(): void {
    while (this.#traces.size > this.#limits.traces || (this.#characters > this.#limits.characters && this.size > 1)) {
      const [id, oldest] = this.#traces.entries().next().value!
      this.#traces.delete(id)
      this.#characters -= oldest.characters
    }
    if (this.#changes.length > 2 * mostChanges) {
      this.#changesBefore += this.#changes.length - mostChanges
      this.#changes = this.#changes.slice(-mostChanges)
    }
  }
}

/** A page that has been away for longer asks for the list again. */
const mostChanges = 1000

class StoredTrace implements Searchable {
  readonly id: string
  readonly seq: number
  readonly spans: StoredSpan[] = []
  characters = 0
  readonly #ids = new Set<string>()
  #summary: TraceSummary | undefined

  constructor(id: string, seq: number) {
    this.id = id
    this.seq = seq
  }

  /** Adds a span and returns about how many characters it has; 0 if it is known. */
  add(span: StoredSpan): number {
    // A client and a server may share an id in Zipkin.
    const key = `${span.id} ${span.kind}`
    if (this.#ids.has(key) || this.spans.length >= mostSpans) return 0
    this.#ids.add(key)
    this.spans.push(span)
    this.#summary = undefined
    const characters = charactersOf(span)
    this.characters += characters
    return characters
  }

  get summary(): TraceSummary {
    return (this.#summary ??= summaryOf(this.id, this.seq, this.spans))
  }
}

function charactersOf({ name, attributes, events }: StoredSpan): number {
  let count = 200 + name.length
  for (const key in attributes) count += key.length + attributes[key]!.length
  for (const event of events) count += 50 + event.name.length + (event.text?.length ?? 0)
  return count
}
