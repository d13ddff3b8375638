import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import type { Received, Upload } from '../../contract/body.ts'
import { BadRequest, codes, PayloadTooLarge } from '../../contract/errors.ts'

/** What an upload is read from. */
export interface UploadSource {
  readonly payload: Readable
  readonly type: string
  /** From `content-length`. */
  readonly expectedBytes: number | undefined
  readonly maxBytes: number
}

/** The body of an upload: it is read as fast as the handler takes it, counted and hashed on the way. */
export class IncomingUpload implements Upload {
  readonly type: string
  readonly expectedBytes: number | undefined
  readonly #source: UploadSource
  received: Received | undefined
  #isRead = false

  constructor(source: UploadSource) {
    this.type = source.type
    this.expectedBytes = source.expectedBytes
    this.#source = source
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this.#chunks()
  }

  async save(path: string | URL): Promise<Received> {
    const target = path instanceof URL ? fileURLToPath(path) : path
    const part = `${target}.${randomUUID()}.part`
    try {
      await pipeline(this.#chunks(), createWriteStream(part, { flags: 'wx' }))
      await rename(part, target)
      return this.received!
    } catch (error) {
      await rm(part, { force: true })
      throw error
    }
  }

  async bytes(): Promise<Uint8Array> {
    const chunks: Uint8Array[] = []
    for await (const chunk of this) chunks.push(chunk)
    return Buffer.concat(chunks)
  }

  async *#chunks(): AsyncGenerator<Uint8Array> {
    if (this.#isRead) throw new TypeError('the upload has been read already: it is not kept')
    this.#isRead = true
    const { payload, maxBytes, expectedBytes } = this.#source
    const hash = createHash('sha256')
    let bytes = 0
    try {
      // Destroying the request would destroy the connection, and with it the response.
      for await (const chunk of payload.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        bytes += chunk.length
        if (bytes > maxBytes) throw new PayloadTooLarge(`the upload has more than ${maxBytes} bytes`)
        hash.update(chunk)
        yield chunk
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error
      throw new BadRequest('the upload ended before it was complete', { code: codes.malformed, cause: error })
    }
    if (expectedBytes !== undefined && bytes !== expectedBytes && !payload.readableEnded) {
      throw new BadRequest('the upload ended before it was complete', { code: codes.malformed })
    }
    this.received = { bytes, sha256: hash.digest('hex') }
  }
}
