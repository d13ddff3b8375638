import type { TUnsafe } from '@sinclair/typebox'
import { describeValue } from '../schema/describeValue.ts'
import { unknownOption } from './unknownOption.ts'
import { t } from '../schema/schema.ts'
import type { Schema, Schemas } from '../schema/standard/spec.ts'
import type { InputsOf, ValuesOf } from '../schema/standard/values.ts'
import { fieldsProblem, isMediaType, marked, type Marked } from './body.ts'

/** What a part with a file may be. */
export interface FileRule {
  /** Bytes of the largest file; a larger one gets a 413. */
  readonly maxBytes: number
  /** The media types that are accepted, such as `image/png` or `image/*`. Default: all. */
  readonly types?: readonly string[]
  /** The most files of this name, which the handler gets as a list. Default: one file, which is no list. */
  readonly max?: number
  /** Whether the file may be missing. Default: false. A list may always be empty. */
  readonly optional?: boolean
}

/** Rules of files, by the names of their parts. */
export type FileRules = Readonly<Record<string, FileRule>>

/** A file of a multipart body. It is on disk, and is removed with the end of the request. */
export interface UploadedFile {
  /** The name that the caller has given it, without folders. Do not use it as a path. */
  readonly name: string
  /** The media type that the caller has named. Do not trust it. */
  readonly type: string
  readonly bytes: number
  /** The SHA-256 of the bytes, in hexadecimal. */
  readonly sha256: string
  /** Where it is until the request ends. */
  readonly path: string
  /** Copies it to a path, which appears once it is complete. */
  save(path: string | URL): Promise<void>
}

type FilesOf<Files extends FileRules> = {
  [Name in keyof Files]: Files[Name] extends { readonly max: number }
    ? UploadedFile[]
    : Files[Name] extends { readonly optional: true }
      ? UploadedFile | undefined
      : UploadedFile
}

type InputFilesOf<Files extends FileRules> = {
  [Name in keyof Files as Files[Name] extends { readonly optional: true } ? never : Name]: Files[Name] extends {
    readonly max: number
  }
    ? readonly Blob[]
    : Blob
} & { [Name in keyof Files as Files[Name] extends { readonly optional: true } ? Name : never]?: Blob }

/** A body of fields and files, as {@link multipart} returns it. */
export type MultipartBody<Fields extends Schemas, Files extends FileRules> = TUnsafe<
  ValuesOf<Fields> & FilesOf<Files>
> &
  Marked<InputsOf<Fields> & InputFilesOf<Files>> & { readonly [parts]: Parts }

/** The fields and files of a multipart body. */
export interface Parts {
  readonly fields: Schemas
  readonly files: FileRules
}

const parts: unique symbol = Symbol('tricube.parts')

/**
 * Declares a body of fields and files, `multipart/form-data`. Files are written to disk while they arrive, and are removed
 * with the end of the request. It needs the package `@fastify/busboy`.
 *
 * @throws {TypeError} when a rule is invalid
 *
 * @example
 * export const albumService = contract('album-service', {
 *   addPhoto: {
 *     route: 'POST /photos',
 *     body: multipart({
 *       fields: { title: t.String() },
 *       files: { photo: { types: ['image/*'], maxBytes: 10_000_000 } },
 *     }),
 *     status: 204,
 *   },
 * })
 */
export function multipart<const Fields extends Schemas = {}, const Files extends FileRules = {}>(options: {
  readonly fields?: Fields
  readonly files?: Files
}): MultipartBody<Fields, Files> {
  const { fields = {} as Fields, files = {} as Files } = options ?? {}
  const problem = optionsProblem(options) ?? fieldsProblem(fields) ?? fileProblem(files, fields)
  if (problem) throw new TypeError(`multipart: ${problem}`)
  const bytes = Object.values<FileRule>(files).reduce((sum, { maxBytes, max = 1 }) => sum + maxBytes * max, 0)
  const rule = { form: 'multipart' as const, types: ['multipart/form-data'], maxBytes: bytes + textBytes }
  return { ...marked(t.Unsafe({ type: 'object' }), rule), [parts]: { fields, files } }
}

/** The most bytes of all fields, and of the lines between the parts. */
const textBytes = 1024 * 1024

/** Returns the fields and files of a multipart body. */
export function partsOf(body: Schema): Parts {
  return (body as { readonly [parts]?: Parts })[parts] ?? { fields: {}, files: {} }
}

function optionsProblem(options: object | undefined): string | undefined {
  if (Object.keys(options ?? {}).length === 0) return 'expected { fields: { … }, files: { … } }'
  return unknownOption(options, ['fields', 'files'])
}

const ruleNames: readonly string[] = ['maxBytes', 'types', 'max', 'optional']

function fileProblem(files: FileRules, fields: Schemas): string | undefined {
  for (const [name, rule] of Object.entries(files)) {
    const { maxBytes, max = 1, types = [] } = rule ?? {}
    if (Object.hasOwn(fields, name)) return `files.${name} is also a field, rename one`
    const unknown = unknownOption(rule, ruleNames)
    if (unknown) return `files.${name}: ${unknown}`
    if (!(Number.isSafeInteger(maxBytes) && maxBytes > 0)) {
      return `files.${name}: maxBytes must be a positive integer, got ${describeValue(maxBytes)}`
    }
    if (!(Number.isSafeInteger(max) && max > 0)) return `files.${name}: max must be a positive integer`
    if (!Array.isArray(types) || !types.every(isMediaType)) {
      return `files.${name}: types must be a list of media types like image/*`
    }
  }
  return undefined
}
