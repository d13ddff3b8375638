import { open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { FileContent } from '../../contract/file.ts'
import { NotFound } from '../../contract/errors.ts'
import { tagOf, tagOfBytes } from '../operation/entityTag.ts'
import type { Range } from './range.ts'

/** A file that is ready to be sent. */
export interface OpenFile {
  /** Undefined for a stream that does not know. */
  readonly size: number | undefined
  readonly tag: string | undefined
  readonly modified: Date | undefined
  /** Whether parts of it can be read. */
  readonly hasRanges: boolean
  read(range: Range | undefined): Readable
  /** Closes it without reading. */
  close(): Promise<void>
}

/**
 * Opens the content of a download.
 *
 * @throws {NotFound} when its path leads to no file
 * @throws {TypeError} when it is none of the sources of a file
 */
export async function openFile({ content, size, version, modified }: FileContent): Promise<OpenFile> {
  const tag = version === undefined ? undefined : tagOf(version, JSON.stringify)
  if (typeof content === 'string') return ofBytes(Buffer.from(content), tag, modified)
  if (content instanceof Uint8Array) return ofBytes(content, tag, modified)
  if (content instanceof Blob) return ofBlob(content, tag, modified)
  if (typeof content === 'object' && content !== null) {
    if (Symbol.asyncIterator in content)
      return ofStream(Readable.from(content, { objectMode: false }), { size, tag, modified })
    if (content instanceof ReadableStream) return ofStream(Readable.fromWeb(content as never), { size, tag, modified })
    if ('path' in content) return ofPath(content.path, tag, modified)
  }
  throw new TypeError('the content of a file must be bytes, text, a Blob, a stream, or { path }')
}

function ofBytes(bytes: Uint8Array, tag: string | undefined, modified: Date | undefined): OpenFile {
  return {
    size: bytes.length,
    tag: tag ?? tagOfBytes(bytes),
    modified,
    hasRanges: true,
    read: (range) =>
      Readable.from([Buffer.from(range ? bytes.subarray(range.start, range.end) : bytes)], { objectMode: false }),
    close: () => Promise.resolve(),
  }
}

function ofBlob(blob: Blob, tag: string | undefined, modified: Date | undefined): OpenFile {
  return {
    size: blob.size,
    tag,
    modified,
    hasRanges: true,
    read: (range) => Readable.fromWeb((range ? blob.slice(range.start, range.end) : blob).stream() as never),
    close: () => Promise.resolve(),
  }
}

function ofStream(stream: Readable, about: Pick<OpenFile, 'size' | 'tag' | 'modified'>): OpenFile {
  return {
    ...about,
    hasRanges: false,
    read: () => stream,
    async close() {
      stream.on('error', () => {})
      stream.destroy()
    },
  }
}

async function ofPath(path: string | URL, tag: string | undefined, modified: Date | undefined): Promise<OpenFile> {
  const handle = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw missing.has(cause.code) ? new NotFound('the file does not exist', { cause }) : cause
  })
  try {
    const stats = await handle.stat()
    if (!stats.isFile()) throw new NotFound('the file does not exist')
    const { size, mtime } = stats
    return {
      size,
      tag: tag ?? `"${size.toString(36)}-${Math.trunc(stats.mtimeMs * 1000).toString(36)}"`,
      modified: modified ?? mtime,
      hasRanges: true,
      read(range) {
        const { start, end } = range ?? { start: 0, end: size }
        // A file that grows meanwhile must not send more than it has promised.
        if (start === end) return emptyAfter(() => handle.close())
        return handle.createReadStream({ start, end: end - 1 })
      },
      close: () => handle.close(),
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

function emptyAfter(close: () => Promise<void>): Readable {
  void close()
  return Readable.from([], { objectMode: false })
}

const missing: ReadonlySet<string | undefined> = new Set([
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'ERR_INVALID_ARG_VALUE',
  'ENAMETOOLONG',
])
