import { writeSync } from 'node:fs'

/** Where lines go. */
export interface Output {
  /** Takes a line; it is written soon. */
  write(line: string): void
  /** Writes now what has been taken. */
  flushSync(): void
  /** Writes it and ends, as far as nobody else writes there. */
  close(): void
}

/** Writes some of the bytes and returns how many; throws EAGAIN when none can be taken now. */
export type WriteSome = (bytes: Uint8Array) => number

/** Characters that are gathered before they are written, so that one system call serves many lines. */
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
  #lines = ''
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
    if (this.#waiting.length > maxWaiting) {
      this.#dropped++
      return
    }
    this.#lines += line
    if (this.#lines.length >= chunkLength) this.#flush()
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

  /** False when something has to wait. */
  #flush(): boolean {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#lines !== '') {
      const bytes = Buffer.from(this.#lines)
      this.#lines = ''
      this.#waiting = this.#waiting.length === 0 ? bytes : Buffer.concat([this.#waiting, bytes])
    }
    try {
      while (this.#waiting.length > 0) this.#waiting = this.#waiting.subarray(this.#writeSome(this.#waiting))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') {
        this.#timer = setTimeout(() => this.#flush(), delayMs).unref()
        return false
      }
      this.#waiting = none // a closed pipe, a full disk: a log is no reason to stop
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

const outputs = new Set<Output>()
let isWatchingExit = false

/** Has an output flushed when the process exits; returns what takes that back. */
export function flushAtExit(output: Output): () => void {
  if (!isWatchingExit) process.on('exit', () => outputs.forEach((each) => each.flushSync()))
  isWatchingExit = true
  outputs.add(output)
  return () => void outputs.delete(output)
}
