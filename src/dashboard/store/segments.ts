/** Records on disk: lines of JSON in files that are only appended to. The oldest file goes when there are too many bytes. */
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, rm, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** The options of `openSegments`. */
export interface SegmentOptions {
  readonly folder: string
  /** The first part of the names of its files. */
  readonly name: string
  /** The bytes that all files may have together. */
  readonly maxBytes: number
  /** Called once when the disk rejects a write; later records stay in memory only. */
  readonly onError: (error: Error) => void
}

/** Records wait so long for others, in milliseconds: this is what a killed process loses. */
const delayMs = 250
/** A disk that is slower than the records are many: what comes while so much waits is not written. */
const mostWaiting = 8 * 1024 * 1024
/** The parts into which the bytes are divided: as much is deleted at once. */
const parts = 8

/** Opens the records of a folder. New ones go to a new file, because the last line of the old one may be cut. */
export async function openSegments(options: SegmentOptions): Promise<Segments> {
  await mkdir(options.folder, { recursive: true, mode: 0o700 })
  const pattern = new RegExp(`^${options.name}-(\\d{8})\\.ndjson$`)
  const numbers = (await readdir(options.folder)).flatMap((file) => pattern.exec(file)?.[1] ?? []).toSorted()
  const files = await Promise.all(
    numbers.map(async (number) => {
      const path = join(options.folder, `${options.name}-${number}.ndjson`)
      return { number: Number(number), path, bytes: (await stat(path)).size }
    }),
  )
  return new Segments(options, files)
}

interface SegmentFile {
  readonly number: number
  readonly path: string
  bytes: number
}

/** Appends records and reads them back. */
export class Segments {
  readonly #options: SegmentOptions
  readonly #files: SegmentFile[]
  #waiting: string[] = []
  #waitingBytes = 0
  #timer: NodeJS.Timeout | undefined
  #work: Promise<void> = Promise.resolve()
  #handle: FileHandle | undefined
  #hasFailed = false

  constructor(options: SegmentOptions, files: SegmentFile[]) {
    this.#options = options
    this.#files = files
  }

  /** Reads the records, the oldest first. A line that is no JSON, such as one that was cut, is left out. */
  async *read(): AsyncGenerator<unknown, void, undefined> {
    for (const { path } of [...this.#files]) {
      for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
        const record = parsed(line)
        if (record !== undefined) yield record
      }
    }
  }

  /** Adds a record, which is written a little later. */
  append(record: object): void {
    if (this.#hasFailed || this.#waitingBytes > mostWaiting) return
    const line = `${JSON.stringify(record)}\n`
    this.#waiting.push(line)
    this.#waitingBytes += line.length
    this.#timer ??= setTimeout(() => void this.flush(), delayMs).unref()
  }

  /** Writes what waits. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    return this.#then(() => this.#write())
  }

  /** Deletes all records. */
  clear(): Promise<void> {
    this.#waiting = []
    this.#waitingBytes = 0
    return this.#then(async () => {
      await this.#closeFile()
      for (const { path } of this.#files.splice(0)) await rm(path, { force: true })
    })
  }

  async close(): Promise<void> {
    await this.flush()
    await this.#then(() => this.#closeFile())
  }

  /** One thing after the other. */
  #then(work: () => Promise<void>): Promise<void> {
    return (this.#work = this.#work.then(work).catch((error: unknown) => {
      if (!this.#hasFailed) this.#options.onError(error as Error)
      this.#hasFailed = true
    }))
  }

  async #write(): Promise<void> {
    if (this.#waiting.length === 0 || this.#hasFailed) return
    const bytes = Buffer.from(this.#waiting.join(''))
    this.#waiting = []
    this.#waitingBytes = 0
    const handle = (this.#handle ??= await this.#newFile())
    await handle.write(bytes)
    const file = this.#files.at(-1)!
    file.bytes += bytes.length
    if (file.bytes >= this.#options.maxBytes / parts) await this.#closeFile()
    await this.#deleteOld()
  }

  async #newFile(): Promise<FileHandle> {
    const { folder, name } = this.#options
    const number = (this.#files.at(-1)?.number ?? 0) + 1
    const path = join(folder, `${name}-${String(number).padStart(8, '0')}.ndjson`)
    const handle = await open(path, 'ax', 0o600) // what services print may be confidential
    this.#files.push({ number, path, bytes: 0 })
    return handle
  }

  async #deleteOld(): Promise<void> {
    let total = this.#files.reduce((sum, { bytes }) => sum + bytes, 0)
    while (total > this.#options.maxBytes && this.#files.length > 1) {
      const { path, bytes } = this.#files.shift()!
      total -= bytes
      await rm(path, { force: true })
    }
  }

  async #closeFile(): Promise<void> {
    await this.#handle?.close()
    this.#handle = undefined
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
