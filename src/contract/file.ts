import type { TUnsafe } from '@sinclair/typebox'
import type { Schema } from '../schema/standard/spec.ts'
import { describeValue } from '../schema/describeValue.ts'
import { t } from '../schema/schema.ts'

/** The bytes of a file: text is sent as UTF-8, and a path is one of the file system. */
export type FileSource =
  | Uint8Array
  | string
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array | string>
  | { readonly path: string | URL }

/** What the handler of a download returns: its content, or more about it. */
export interface FileContent {
  readonly content: FileSource
  /** The name for saving it. Folders and control characters are removed. */
  readonly name?: string
  /** The media type. Default: the one of the contract. */
  readonly type?: string
  /** Whether a browser shows it instead of saving it. Default: false. */
  readonly inline?: boolean
  /** The number of bytes of a stream, if you know it. A caller then sees the progress. */
  readonly size?: number
  /** A version, for the `etag`. Default for a path: its size and time. Default for bytes: a digest. */
  readonly version?: string | number | bigint | Date
  /** The time of the last change. Default for a path: that of the file. */
  readonly modified?: Date
}

/** A download, as {@link file} returns it. */
export type Download = TUnsafe<Blob> & { readonly [isFile]: { readonly type: string } }

const isFile: unique symbol = Symbol('tricube.file')

/**
 * Declares that an operation responds with a file, for `returns`. Its handler returns a `FileContent`, and callers get a
 * `Blob`. Parts of it can be asked for by `range`, and a caller who has it already gets a 304.
 *
 * @throws {TypeError} when the type is not a media type
 *
 * @example
 * export const invoiceService = contract('invoice-service', {
 *   getInvoice: { route: 'GET /invoices/:id', returns: file('application/pdf'), errors: [NotFound] },
 * })
 */
export function file(type: string = 'application/octet-stream'): Download {
  if (typeof type !== 'string' || !/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:;\s*[\w-]+=[\w"-]+)*$/.test(type)) {
    throw new TypeError(`file: the type must be a media type like text/csv, got ${describeValue(type)}`)
  }
  return { ...t.Unsafe<Blob>({ type: 'string', format: 'binary' }), [isFile]: { type } }
}

/** Returns the media type of a download; undefined for any other schema. */
export function fileTypeOf(returns: Schema | undefined): string | undefined {
  return (returns as Partial<Download> | undefined)?.[isFile]?.type
}
