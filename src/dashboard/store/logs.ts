import { logMatcher, type LogQuery } from '../model/logQuery.ts'
import { levels, type LogLine } from '../model/logLine.ts'

/** The bounds of what is kept in memory. */
export interface LogLimits {
  readonly lines: number
  /** Characters of all lines together. */
  readonly characters: number
}

/** A page of lines, the oldest first. */
export interface LogPage {
  readonly lines: readonly LogLine[]
  /** Whether there are older lines that match. */
  readonly hasMore: boolean
}

/** The newest log lines. */
export class LogStore {
  readonly #limits: LogLimits
  /** The oldest first; those before `#start` are gone. */
  #lines: LogLine[] = []
  #start = 0
  #characters = 0
  #seq = 0
  // By a line's number, modulo their length. A search reads these before it touches the line, which is seldom in the cache.
  readonly #levels: Uint8Array
  readonly #traces: Uint32Array

  constructor(limits: LogLimits) {
    this.#limits = limits
    this.#levels = new Uint8Array(limits.lines)
    this.#traces = new Uint32Array(limits.lines)
  }

  /** The number of the newest line. */
  get seq(): number {
    return this.#seq
  }

  get size(): number {
    return this.#lines.length - this.#start
  }

  add(line: Omit<LogLine, 'seq'>): void {
    const seq = ++this.#seq
    const at = seq % this.#levels.length
    this.#levels[at] = levels[line.level]
    this.#traces[at] = traceNumber(line.traceId)
    this.#lines.push({ ...line, seq })
    this.#characters += line.raw.length
    while (this.size > this.#limits.lines || (this.#characters > this.#limits.characters && this.size > 1)) {
      this.#characters -= this.#lines[this.#start]!.raw.length
      this.#lines[this.#start++] = gone
    }
    // Moving the rest costs as much as what is deleted, so a line costs the same however many there are.
    if (this.#start > 1000 && this.#start > this.#lines.length / 2) {
      this.#lines = this.#lines.slice(this.#start)
      this.#start = 0
    }
  }

  /** Returns the newest lines that match, and are older than `before`. */
  page(query: LogQuery, { before = Infinity, limit = 500 }: { before?: number; limit?: number } = {}): LogPage {
    const matches = logMatcher(query)
    const lowest = query.level === undefined ? 0 : levels[query.level]
    const trace = traceNumber(query.traceId)
    const found: LogLine[] = []
    for (let i = this.#lines.length - 1, seq = this.#seq; i >= this.#start; i--, seq--) {
      const at = seq % this.#levels.length
      if (this.#levels[at]! < lowest || (trace !== 0 && this.#traces[at] !== trace)) continue
      const line = this.#lines[i]!
      if (line.seq >= before || !matches(line)) continue
      if (found.length === limit) return { lines: found.reverse(), hasMore: true }
      found.push(line)
    }
    return { lines: found.reverse(), hasMore: false }
  }

  /** Returns the lines after one that match, at most `limit` of the newest, and how many were left out. */
  since(after: number, matches: (line: LogLine) => boolean, limit: number): { lines: LogLine[]; skipped: number } {
    const from = Math.max(this.#start, this.#lines.length - (this.#seq - after))
    const found: LogLine[] = []
    let skipped = 0
    for (let i = this.#lines.length - 1; i >= from; i--) {
      const line = this.#lines[i]!
      if (!matches(line)) continue
      if (found.length < limit) found.push(line)
      else skipped++
    }
    return { lines: found.reverse(), skipped }
  }

  clear(): void {
    this.#lines = []
    this.#start = 0
    this.#characters = 0
  }
}

/** The end of a trace's id as a number; 0 without a trace. Different traces may have the same. */
function traceNumber(traceId: string | undefined): number {
  return traceId === undefined ? 0 : Number.parseInt(traceId.slice(-8), 16) >>> 0 || 1
}

const gone: LogLine = { seq: 0, atMs: 0, level: 'trace', service: '', message: '', raw: '' }
