import { writeSync } from 'node:fs'
import { Bytes } from '../bytes/bytes.ts'

/** Where lines go. */
export interface Output {
  /** Takes a line; it is written soon. */
  write(line: string): void
  /** Where a line can be written byte by byte, from end to end; `wrote` takes it as if it had come to `write`. */
  readonly bytes: Bytes
  readonly wrote: () => void
  /** Writes now what has been taken. */
  flushSync(): void
  /** Writes it and ends, as far as nobody else writes there. */
  close(): void
}

/** Writes some of the bytes and returns how many; throws EAGAIN when none can be taken now. */
export type WriteSome = (bytes: Uint8Array) => number

/** Bytes that are gathered before they are written, so that one system call serves many lines. */
const chunkLength = 32_768
/** Longest that a line waits for others, in milliseconds. */
const delayMs = 50
/** Bytes that wait for a reader who is not reading; lines beyond are dropped and counted. */
const maxWaiting = 4 * 1024 * 1024
/** How often the last bytes are offered at the exit, 10 ms apart. */
const lastTries = 50

/**
 * Gathers lines and writes them together: a third of the price. What has not been written is written at the exit,
 * also after an exception that nobody caught.
 *
 * A reader who does not read delays nobody, as far as the file descriptor does not block.
 */
export class BufferedOutput implements Output {
  readonly #writeSome: WriteSome
  readonly #end: (() => void) | undefined
  readonly #forget: () => void
  readonly bytes: Bytes = new Bytes(4 * chunkLength)
  /** How many of them are whole lines. */
  #taken = 0
  /** What the reader has not taken yet. */
  #waiting: Uint8Array = none
  #timer: NodeJS.Timeout | undefined
  #dropped = 0

  /** `end` releases what it writes to, when nobody else does. */
  constructor(writeSome: WriteSome, end?: () => void) {
    this.#writeSome = writeSome
    this.#end = end
    this.#forget = flushAtExit(this)
  }

  /** How many lines were dropped. */
  get dropped(): number {
    return this.#dropped
  }

  write(line: string): void {
    if (line.length <= chunkLength) {
      this.bytes.text(line)
      this.wrote()
    } else if (!this.#isFull()) {
      this.#flush(Buffer.from(line))
    }
  }

  readonly wrote = (): void => {
    if (this.#isFull()) return this.bytes.cut(this.#taken)
    this.#taken = this.bytes.length
    if (this.#taken >= chunkLength) this.#flush()
    else this.#timer ??= setTimeout(() => this.#flush(), delayMs).unref()
  }

  flushSync(): void {
    for (let tries = 0; tries < lastTries && !this.#flush(); tries++) Atomics.wait(clock, 0, 0, 10)
  }

  close(): void {
    this.flushSync()
    if (!this.#end) return
    this.#forget()
    this.#end()
  }

  /** Whether so much waits that a line is dropped. */
  #isFull(): boolean {
    if (this.#waiting.length <= maxWaiting) return false
    this.#dropped++
    return true
  }

  /** False when something has to wait. */
  #flush(more: Uint8Array = none): boolean {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const lines = this.bytes.take().subarray(0, this.#taken)
    let rest = this.#waiting.length + more.length === 0 ? lines : Buffer.concat([this.#waiting, lines, more])
    this.bytes.cut(0)
    this.#taken = 0
    this.#waiting = none
    try {
      while (rest.length > 0) rest = rest.subarray(this.#writeSome(rest))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') {
        this.#waiting = Buffer.from(rest)
        this.#timer = setTimeout(() => this.#flush(), delayMs).unref()
        return false
      }
      // a closed pipe, a full disk: a log is no reason to stop
    }
    return true
  }
}

const none = new Uint8Array()
const clock = new Int32Array(new SharedArrayBuffer(4))

let standard: BufferedOutput | undefined

/** Standard output, one for all logs of the process. */
export function standardOutput(): BufferedOutput {
  return (standard ??= new BufferedOutput((bytes) => writeSync(1, bytes)))
}

const atExit = new Set<Pick<Output, 'flushSync'>>()
let isWatchingExit = false

/**
 * Has something flushed when the process exits; returns what takes that back. The last one comes first: it may write to
 * those that were there before.
 */
export function flushAtExit(last: Pick<Output, 'flushSync'>): () => void {
  if (!isWatchingExit) process.on('exit', () => [...atExit].reverse().forEach((each) => each.flushSync()))
  isWatchingExit = true
  atExit.add(last)
  return () => void atExit.delete(last)
}

/** An output without memory of its own: each line goes on as a string. */
export function lineOutput({ write, flushSync, close }: Omit<Output, 'bytes' | 'wrote'>): Output {
  const bytes = new Bytes(1024)
  const wrote = (): void => {
    write(bytes.take().toString())
    bytes.cut(0)
  }
  return { write, bytes, wrote, flushSync, close }
}
