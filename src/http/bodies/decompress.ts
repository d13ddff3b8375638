import { Readable, type Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import type { preParsingHookHandler, RequestPayload } from 'fastify'
import { BadRequest, codes, PayloadTooLarge, UnsupportedMediaType } from '../../contract/errors.ts'
import { HttpError } from '../../contract/httpError.ts'

const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}

/**
 * Compiles a hook that decompresses bodies. It stops at the limit, so that a few bytes cannot become gigabytes.
 *
 * It throws `UnsupportedMediaType` for another encoding or several of them, `PayloadTooLarge` over the limit, and
 * `BadRequest` 40001 when the body is not what its encoding says.
 */
export function compileDecompress(maxBytes: number): preParsingHookHandler {
  return (request, _reply, payload, done) => {
    const { headers } = request.raw
    const encoding = headers['content-encoding']?.trim().toLowerCase()
    if (encoding === undefined) return done(null, payload)
    if (encoding === 'identity') {
      delete headers['content-encoding']
      return done(null, payload)
    }
    const create = Object.hasOwn(decoders, encoding) ? decoders[encoding] : undefined
    if (!create) return done(unsupported())
    delete headers['content-encoding'] // from here on it is what it was before
    done(null, decompressed(payload, create(), { encoding, maxBytes }))
  }
}

function unsupported(): UnsupportedMediaType {
  const headers = { 'accept-encoding': 'gzip, deflate, br' }
  return new UnsupportedMediaType('the content-encoding must be gzip, deflate or br', { headers })
}

interface Limits {
  readonly encoding: string
  readonly maxBytes: number
}

function decompressed(payload: RequestPayload, decoder: Transform, limits: Limits): RequestPayload {
  payload.pipe(decoder) // before anything else reads it
  const stream = Readable.from(chunksOf(payload, decoder, limits), { objectMode: false }) as RequestPayload
  stream.receivedEncodedLength = 0 // Fastify compares it with content-length
  payload.on('data', (chunk: Buffer) => (stream.receivedEncodedLength! += chunk.length))
  stream.on('error', () => {}) // Fastify stops listening once it has rejected the body
  return stream
}

async function* chunksOf(payload: Readable, decoder: Transform, { encoding, maxBytes }: Limits): AsyncIterable<Buffer> {
  const abort = (): void => void decoder.destroy(new Error('the request was aborted'))
  payload.once('close', abort)
  payload.once('end', () => payload.off('close', abort))
  let bytes = 0
  try {
    for await (const chunk of decoder as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > maxBytes) throw new PayloadTooLarge('the decompressed body is over the limit')
      yield chunk
    }
  } catch (error) {
    if (error instanceof HttpError) throw error
    throw new BadRequest(`the body is not valid ${encoding}`, { code: codes.malformed, cause: error })
  } finally {
    payload.unpipe(decoder)
    payload.off('close', abort)
  }
}
