import { isUtf8 } from 'node:buffer'
import { Readable } from 'node:stream'
import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  onRequestHookHandler,
  onSendHookHandler,
  preParsingHookHandler,
} from 'fastify'
import { bodyRuleOf, compileTypeTest, mediaTypeOf, type BodyForm, type BodyRule } from '../../contract/body.ts'
import { BadRequest, codes, PayloadTooLarge, UnsupportedMediaType } from '../../contract/errors.ts'
import type { Operation } from '../../contract/operation.ts'
import { partsOf, type Parts } from '../../contract/multipart.ts'
import { compileDecompress } from './decompress.ts'
import { readMultipart } from './multipart.ts'
import { IncomingUpload } from './upload.ts'
import { parseUrlEncoded } from './urlEncoded.ts'

/** How the body of an operation is read, when it is not plain JSON. */
export interface BodyReader {
  /** Rejects a body before it is read. */
  readonly onRequest: onRequestHookHandler
  readonly preParsing: preParsingHookHandler | undefined
  /** Closes the connection of an upload that was not read to its end. */
  readonly onSend: onSendHookHandler | undefined
  readonly bodyLimit: number
  /** Replaces the parsers of an instance that has only the route of the operation. */
  readonly addParsers: (instance: FastifyInstance) => void
}

/** Compiles the reader of an operation's body; returns undefined for plain JSON. */
export function compileBodyReader({ body, compressedBody }: Operation, usualLimit: number): BodyReader | undefined {
  if (!body) return undefined
  const rule = bodyRuleOf(body)
  if (rule.form === 'json' && !compressedBody) return undefined
  const bodyLimit = rule.maxBytes ?? usualLimit
  return {
    onRequest: compileAccept(rule, bodyLimit, compressedBody ? 'compressed' : 'identity'),
    preParsing: compressedBody ? compileDecompress(bodyLimit) : rule.form === 'multipart' ? noteResponse : undefined,
    onSend: rule.form === 'upload' ? closeUnread : undefined,
    bodyLimit,
    addParsers(instance) {
      if (rule.form === 'upload') return addUploadParser(instance, bodyLimit)
      if (rule.form === 'multipart') return addMultipartParser(instance, partsOf(body))
      const parse = parsers[rule.form]
      if (!parse) return
      instance.removeAllContentTypeParsers()
      instance.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit }, (_request, bytes: Buffer, done) => {
        try {
          done(null, parse(bytes))
        } catch (error) {
          done(error as Error)
        }
      })
    },
  }
}

function addUploadParser(instance: FastifyInstance, maxBytes: number): void {
  instance.removeAllContentTypeParsers()
  instance.addContentTypeParser('*', ({ headers }, payload, done) => {
    const isPlain = headers['content-length'] !== undefined && !('receivedEncodedLength' in payload)
    const expectedBytes = isPlain ? Number(headers['content-length']) : undefined
    done(null, new IncomingUpload({ payload, type: mediaTypeOf(headers['content-type']), expectedBytes, maxBytes }))
  })
}

function addMultipartParser(instance: FastifyInstance, parts: Parts): void {
  instance.removeAllContentTypeParsers()
  instance.addContentTypeParser('multipart/form-data', async (request: FastifyRequest, payload: Readable) => {
    const response = (request.raw as WithResponse)[responseOf]!
    return readMultipart(parts, { headers: request.headers, payload, response })
  })
}

/** A parser does not get the response, with whose end its files are removed. */
const noteResponse: preParsingHookHandler = (request, reply, payload, done) => {
  ;(request.raw as WithResponse)[responseOf] = reply.raw
  done(null, payload)
}

const responseOf: unique symbol = Symbol('tricube.response')
type WithResponse = FastifyRequest['raw'] & { [responseOf]?: FastifyReply['raw'] }

/** What is left of an upload is not worth reading. */
const closeUnread: onSendHookHandler = ({ body }, reply, payload, done) => {
  if (body instanceof IncomingUpload && !body.received) reply.header('connection', 'close')
  done(null, payload)
}

/** Compiles the hook that rejects a body by its headers. The connection is closed, so that the body is not sent either. */
function compileAccept(
  { types, form }: BodyRule,
  bodyLimit: number,
  encodings: 'identity' | 'compressed',
): onRequestHookHandler {
  const isAccepted = compileTypeTest(types)
  const expected = types.join(' or ')
  const mayBeEmpty = emptyByType.has(form)
  const isRequired = mayBeEmpty && !types.includes('*/*')
  return ({ raw }, reply, done) => {
    const { headers } = raw
    const reject = (error: Error): void => {
      reply.header('connection', 'close')
      done(error)
    }
    const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
    if (!hasBody && mayBeEmpty) restoreType(raw)
    const type = headers['content-type']
    if (!hasBody && type === undefined) return isRequired ? done(missing(expected)) : done()
    if (!isAccepted(type)) return reject(new UnsupportedMediaType(`the body has to be ${expected}`))
    if (form === 'text' && !isUnicode(type)) return reject(new UnsupportedMediaType('the body has to be in UTF-8'))
    if (encodings === 'identity' && headers['content-encoding'] !== undefined) {
      const identity = { headers: { 'accept-encoding': 'identity' } }
      return reject(new UnsupportedMediaType('the body has a content-encoding: send it without', identity))
    }
    if (Number(headers['content-length']) > bodyLimit) return reject(new PayloadTooLarge('the body is over the limit'))
    done()
  }
}

/** Bodies that may have no bytes, such as an empty file. It is a body when it has a type. */
const emptyByType: ReadonlySet<BodyForm> = new Set(['raw', 'text', 'upload'])

/** Restores the `content-type` of a request without bytes, which the server has removed. */
function restoreType({ headers, rawHeaders }: FastifyRequest['raw']): void {
  const at = rawHeaders.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === 'content-type')
  if (at >= 0) headers['content-type'] = rawHeaders[at + 1]
}

function missing(expected: string): BadRequest {
  return new BadRequest(`a body of ${expected} is required`, { code: codes.malformed })
}

function isUnicode(contentType: string | undefined): boolean {
  const charset = /;\s*charset\s*=\s*"?([\w-]+)/i.exec(contentType ?? '')?.[1]
  return charset === undefined || /^(?:utf-?8|us-ascii)$/i.test(charset)
}

/** What a handler gets for the bytes of a body. JSON has the parser of all operations. */
const parsers: Readonly<Record<BodyForm, ((bytes: Buffer) => unknown) | undefined>> = {
  json: undefined,
  raw: (bytes) => bytes,
  text: (bytes) => textOf(bytes),
  form: (bytes) => parseUrlEncoded(textOf(bytes)),
  upload: undefined,
  multipart: undefined,
}

function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new BadRequest('the body is not UTF-8', { code: codes.malformed })
  return bytes.toString('utf8')
}

/** What a handler gets when a request has no body; undefined when that is an error. */
export const emptyBodies: Readonly<Record<BodyForm, (() => unknown) | undefined>> = {
  json: undefined,
  raw: () => new Uint8Array(),
  text: () => '',
  form: () => ({}),
  multipart: undefined,
  upload: () => new IncomingUpload({ payload: Readable.from([]), type: '', expectedBytes: 0, maxBytes: 0 }),
}
