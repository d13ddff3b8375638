import { pipeline, type Readable, type Transform } from 'node:stream'
import { brotliCompress, constants, createBrotliCompress, createGzip, gzip } from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest, onSendHookHandler } from 'fastify'

/** Options of compressed responses. */
export interface CompressOptions {
  /** Bytes from which a response is compressed. Default 1024: below, it would hardly become shorter. */
  readonly minBytes?: number
  /** The encodings, the preferred one first. Default: br, then gzip. */
  readonly encodings?: readonly Encoding[]
}

/** The encodings of responses. */
export type Encoding = 'br' | 'gzip'

/** Compresses responses for callers that accept it. Streams of events, parts of files, images and the like stay as they are. */
export function addCompression(
  fastify: FastifyInstance,
  { minBytes = 1024, encodings = ['br', 'gzip'] }: CompressOptions,
): void {
  const compress: onSendHookHandler = (request, reply, payload, done) => {
    if (reply.statusCode === 304) {
      addStoredHeaders(request, reply)
      return done(null, payload)
    }
    if (!isCompressible(reply, payload, minBytes)) return done(null, payload)
    addVary(reply)
    const encoding = acceptedOf(request, encodings)
    if (encoding === undefined || request.method === 'HEAD') return done(null, payload)
    const etag = reply.getHeader('etag')
    if (typeof etag === 'string' && etag.startsWith('"')) reply.header('etag', `W/${etag}`) // other bytes now
    reply.removeHeader('content-length').header('content-encoding', encoding)
    const coder = coders[encoding]
    if (typeof payload === 'string' || payload instanceof Uint8Array) coder.whole(payload, done)
    else
      done(
        null,
        pipeline(payload as Readable, coder.stream(), () => {}),
      ) // Fastify notices the end of the stream
  }
  fastify.addHook('onSend', compress)
}

/** Brotli at 4 is as fast as gzip and shorter; its default of 11 takes a hundred times as long. */
const brotliOptions = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 }, flush: constants.BROTLI_OPERATION_FLUSH }
/** What a slow source has written is sent at once. */
const gzipOptions = { flush: constants.Z_SYNC_FLUSH }

interface Coder {
  whole(payload: string | Uint8Array, done: (error: Error | null, payload?: Buffer) => void): void
  stream(): Transform
}

const coders: Readonly<Record<Encoding, Coder>> = {
  br: {
    whole: (payload, done) => brotliCompress(payload, { params: brotliOptions.params }, done),
    stream: () => createBrotliCompress(brotliOptions),
  },
  gzip: { whole: (payload, done) => gzip(payload, done), stream: () => createGzip(gzipOptions) },
}

function isCompressible(reply: FastifyReply, payload: unknown, minBytes: number): boolean {
  if (payload === undefined || payload === null || reply.statusCode === 206) return false
  const type = String(reply.getHeader('content-type') ?? '')
  if (!textual.test(type) || reply.hasHeader('content-encoding')) return false
  if (/no-transform/i.test(String(reply.getHeader('cache-control') ?? ''))) return false
  const length =
    typeof payload === 'string' || payload instanceof Uint8Array ? payload.length : reply.getHeader('content-length')
  if (length !== undefined) return Number(length) >= minBytes
  return typeof (payload as Readable).pipe === 'function'
}

/** Media types of text, but not `text/event-stream`, whose events must not wait. */
const textual =
  /^(?:text\/(?!event-stream)|application\/(?:[\w.-]+\+)?(?:json|xml)\b|application\/(?:javascript|x-ndjson|wasm)\b|image\/svg\+xml)/i

/** Gives a 304 the headers of the response that the caller has stored (RFC 9110, 15.4.5). */
function addStoredHeaders({ headers }: FastifyRequest, reply: FastifyReply): void {
  addVary(reply)
  const weak = `W/${String(reply.getHeader('etag'))}`
  if (headers['if-none-match']?.includes(weak)) reply.header('etag', weak)
}

function addVary(reply: FastifyReply): void {
  const vary = String(reply.getHeader('vary') ?? '')
  if (!/\baccept-encoding\b/i.test(vary))
    reply.header('vary', vary === '' ? 'accept-encoding' : `${vary}, accept-encoding`)
}

/** Returns the encoding with the highest weight that the caller accepts (RFC 9110, 12.5.3). */
function acceptedOf({ headers }: FastifyRequest, encodings: readonly Encoding[]): Encoding | undefined {
  const header = headers['accept-encoding']
  if (typeof header !== 'string') return undefined
  const weights = new Map(
    header.split(',').map((part) => {
      const [name = '', q] = part.split(';')
      const weight = q === undefined ? 1 : Number(/^\s*q=([01](?:\.\d{0,3})?)\s*$/i.exec(q)?.[1] ?? 0)
      return [name.trim().toLowerCase(), weight]
    }),
  )
  let best: Encoding | undefined
  let bestWeight = 0
  for (const encoding of encodings) {
    const weight = weights.get(encoding) ?? weights.get('*') ?? 0
    if (weight > bestWeight) [best, bestWeight] = [encoding, weight]
  }
  return best
}
