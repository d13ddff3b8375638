import { writeSync } from 'node:fs'
import { Bytes } from '../bytes/bytes.ts'

/** The destination of log lines. */
export interface Output {
  /** Takes a line, to be written soon. */
  write(line: string): void
  /** A buffer for lines that are written byte by byte; `wrote` submits one, like `write`. */
  readonly bytes: Bytes
  readonly wrote: () => void
  /** Writes all buffered lines now. */
  flushSync(): void
  /** Writes all buffered lines and closes the destination, unless others write to it too. */
  close(): void
}

/** Writes some of the bytes and returns how many; throws EAGAIN when the destination accepts none. */
export type WriteSome = (bytes: Uint8Array) => number

/** How many bytes are buffered before a write, so that one system call serves many lines. */
const chunkLength = 32_768
/** The longest time that a line is buffered, in milliseconds. */
const delayMs = 50
/** The most bytes that wait for a slow reader; lines beyond are dropped and counted. */
const maxWaiting = 4 * 1024 * 1024
/** How often the last bytes are retried at exit, 10 ms apart. */
const lastTries = 50

/**
 * Buffers lines and writes them together, at a third of the cost. The rest is written at exit, even after an uncaught
 * exception.
 *
 * A slow reader delays nothing, unless the file descriptor blocks.
 */
export class BufferedOutput implements Output {
  readonly #writeSome: WriteSome
  readonly #end: (() => void) | undefined
  readonly #forget: () => void
  readonly bytes: Bytes = new Bytes(4 * chunkLength)
  /** How many of the bytes are complete lines. */
  #taken = 0
  /** Bytes that the reader has not accepted yet. */
  #waiting: Uint8Array = none
  #timer: NodeJS.Timeout | undefined
  #dropped = 0

  /** `end` closes the destination, unless others write to it too. */
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

  /** Whether so many bytes wait that the next line is dropped. */
  #isFull(): boolean {
    if (this.#waiting.length <= maxWaiting) return false
    this.#dropped++
    return true
  }

  /** Writes the buffer; false when some bytes have to wait. */
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
      // A closed pipe or a full disk must not stop the service.
    }
    return true
  }
}

const none = new Uint8Array()
const clock = new Int32Array(new SharedArrayBuffer(4))

/** A standard stream of the process. */
export type LogStream = 'stdout' | 'stderr'

/** The descriptors of the standard streams. */
export const descriptors: Readonly<Record<LogStream, number>> = { stdout: 1, stderr: 2 }

const standard = new Map<LogStream, BufferedOutput>()

/** Standard output or standard error, shared by all logs of the process. */
export function standardOutput(stream: LogStream = 'stdout'): BufferedOutput {
  let output = standard.get(stream)
  if (!output) standard.set(stream, (output = new BufferedOutput((bytes) => writeSync(descriptors[stream], bytes))))
  return output
}

/** How many lines the standard streams have dropped. */
export function droppedLines(): number {
  return [...standard.values()].reduce((sum, { dropped }) => sum + dropped, 0)
}

const atExit = new Set<Pick<Output, 'flushSync'>>()
let isWatchingExit = false

/**
 * Flushes an output when the process exits; returns the function that undoes it. The output added last is flushed first,
 * because it may write to earlier ones.
 */
export function flushAtExit(last: Pick<Output, 'flushSync'>): () => void {
  if (!isWatchingExit) process.on('exit', () => [...atExit].reverse().forEach((each) => each.flushSync()))
  isWatchingExit = true
  atExit.add(last)
  return () => void atExit.delete(last)
}

/** An output without a buffer: it forwards each line as a string. */
export function lineOutput({ write, flushSync, close }: Omit<Output, 'bytes' | 'wrote'>): Output {
  const bytes = new Bytes(1024)
  const wrote = (): void => {
    write(bytes.take().toString())
    bytes.cut(0)
  }
  return { write, bytes, wrote, flushSync, close }
}
