import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { copyFile, mkdtemp, rename, rm } from 'node:fs/promises'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import type { BusboyHeaders, BusboyInstance } from '@fastify/busboy'
import { compileTypeTest } from '../../contract/body.ts'
import { BadRequest, codes, PayloadTooLarge, UnsupportedMediaType } from '../../contract/errors.ts'
import { HttpError } from '../../contract/httpError.ts'
import type { FileRule, Parts, UploadedFile } from '../../contract/multipart.ts'
import { fileName } from '../files/disposition.ts'

/** The fields of a multipart body as text, and its files. */
export interface ReceivedParts {
  readonly fields: Record<string, string | string[]>
  readonly files: ReadonlyMap<string, readonly UploadedFile[]>
}

/** What a multipart body is read from. */
export interface MultipartSource {
  readonly headers: IncomingHttpHeaders
  readonly payload: Readable
  /** With its end, the files are removed. */
  readonly response: Pick<ServerResponse, 'once' | 'destroyed'>
}

const maxFields = 1000
const limits = { fields: maxFields, fieldNameSize: 200, fieldSize: 1024 * 1024, headerPairs: 20, headerSize: 16_384 }

/**
 * Reads a multipart body. Files are written to disk while they arrive.
 *
 * It throws `BadRequest` 40001 for a malformed or cut body, `PayloadTooLarge` and `UnsupportedMediaType` for a file that
 * its rule does not allow. Nothing is left behind then.
 */
export async function readMultipart({ files: rules }: Parts, source: MultipartSource): Promise<ReceivedParts> {
  const { Busboy } = await import('@fastify/busboy')
  const folder = await mkdtemp(join(tmpdir(), 'tricube-upload-'))
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  source.response.once('close', () => void remove().catch(() => {}))
  try {
    if (source.payload.destroyed) throw new Error('the caller hung up') // before anything listened to it
    const parser = new Busboy({ headers: source.headers as BusboyHeaders, limits })
    const received = await new Parsing(rules, folder).run(parser, source.payload)
    if (source.response.destroyed) await remove() // the caller left while the last file was written
    return received
  } catch (error) {
    await remove()
    if (error instanceof HttpError) throw error
    throw new BadRequest('the multipart body is malformed or not complete', { code: codes.malformed, cause: error })
  }
}

/** One multipart body. */
class Parsing {
  readonly #rules: Parts['files']
  readonly #folder: string
  readonly #fields: Record<string, string | string[]> = {}
  readonly #files = new Map<string, UploadedFile[]>()
  readonly #writing: Promise<void>[] = []
  readonly #streams: Readable[] = []
  #fieldBytes = 0

  constructor(rules: Parts['files'], folder: string) {
    this.#rules = rules
    this.#folder = folder
  }

  async run(parser: BusboyInstance, payload: Readable): Promise<ReceivedParts> {
    let fail!: (error: Error) => void
    const failed = new Promise<never>((_, reject) => (fail = reject))
    failed.catch(() => {})
    const cut = (): void => fail(new Error('the caller hung up'))
    payload.once('close', cut)
    parser.on('error', (error) => fail(error as Error))
    parser.on('fieldsLimit', () => fail(malformed(`the form has more than ${maxFields} fields`)))
    parser.on('field', (name, value, nameTruncated, valueTruncated) => {
      const problem = this.#addField(name, value, nameTruncated || valueTruncated)
      if (problem) fail(problem)
    })
    parser.on('file', (name, stream, given, _encoding, type) => {
      stream.on('error', () => {}) // its reader gets it too
      const writing = this.#addFile(name, stream, { given, type })
      writing.catch((error: Error) => {
        stream.resume()
        fail(error)
      })
      this.#streams.push(stream)
      this.#writing.push(writing)
    })
    const finished = new Promise<void>((resolve) => parser.on('finish', () => resolve()))
    payload.once('end', () => payload.off('close', cut))
    payload.pipe(parser)
    try {
      await Promise.race([finished, failed])
      await Promise.race([Promise.all(this.#writing), failed])
    } catch (error) {
      payload.unpipe(parser)
      parser.destroy()
      for (const stream of this.#streams) stream.destroy() // the parser does not end them
      await Promise.allSettled(this.#writing)
      throw error
    } finally {
      payload.off('close', cut)
    }
    return { fields: this.#fields, files: this.#files }
  }

  #addField(name: string, value: string, isTruncated: boolean): HttpError | undefined {
    this.#fieldBytes += name.length + value.length
    if (isTruncated || this.#fieldBytes > limits.fieldSize) return new PayloadTooLarge('the fields are over the limit')
    if (name === '__proto__' || name === 'constructor') return malformed('the form names __proto__ or constructor')
    const known = this.#fields[name]
    if (known === undefined) this.#fields[name] = value
    else if (Array.isArray(known)) known.push(value)
    else this.#fields[name] = [known, value]
    return undefined
  }

  async #addFile(
    name: string,
    stream: Readable,
    { given, type }: { readonly given: string; readonly type: string },
  ): Promise<void> {
    const rule: FileRule | undefined = Object.hasOwn(this.#rules, name) ? this.#rules[name] : undefined
    if (!rule)
      throw new BadRequest([{ in: 'body', path: name, message: 'is not a known file' }], { code: codes.validation })
    const { types = ['*/*'], maxBytes, max = 1 } = rule
    if (!compileTypeTest(types)(type)) throw new UnsupportedMediaType(`${name} has to be ${types.join(' or ')}`)
    const all = this.#files.get(name) ?? []
    this.#files.set(name, all)
    if (all.length >= max) throw new PayloadTooLarge(`${name}: at most ${max} ${max === 1 ? 'file' : 'files'}`)
    const file = new StoredFile(fileName(given ?? ''), type, join(this.#folder, randomUUID()))
    all.push(file)
    await file.receive(stream, { name, maxBytes })
  }
}

class StoredFile implements UploadedFile {
  readonly name: string
  readonly type: string
  readonly path: string
  bytes = 0
  sha256 = ''

  constructor(name: string, type: string, path: string) {
    this.name = name
    this.type = type
    this.path = path
  }

  async receive(
    stream: Readable,
    { name, maxBytes }: { readonly name: string; readonly maxBytes: number },
  ): Promise<void> {
    const hash = createHash('sha256')
    const count = async function* (this: StoredFile, chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
      for await (const chunk of chunks) {
        this.bytes += chunk.length
        if (this.bytes > maxBytes) throw new PayloadTooLarge(`${name} has more than ${maxBytes} bytes`)
        hash.update(chunk)
        yield chunk
      }
    }.bind(this)
    await pipeline(stream, count, createWriteStream(this.path, { flags: 'wx' }))
    this.sha256 = hash.digest('hex')
  }

  async save(path: string | URL): Promise<void> {
    const target = path instanceof URL ? fileURLToPath(path) : path
    const part = `${target}.${randomUUID()}.part`
    try {
      await copyFile(this.path, part)
      await rename(part, target)
    } catch (error) {
      await rm(part, { force: true })
      throw error
    }
  }
}

function malformed(detail: string): BadRequest {
  return new BadRequest(detail, { code: codes.malformed })
}
