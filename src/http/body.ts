import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import secureJson from 'secure-json-parse'
import { BadRequest, codes, UnsupportedMediaType } from '../contract/errors.ts'

/** Makes JSON the only body that is understood, and anything else a 415. */
export function addJsonParser(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers()
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    try {
      if (request.headers['content-encoding'] !== undefined) throw compressed()
      done(null, parseJson(body))
    } catch (error) {
      done(error as Error)
    }
  })
}

/** @throws {BadRequest} 40001, saying what is malformed, without repeating the input */
function parseJson(body: Buffer): unknown {
  if (body.length === 0) throw malformed('the body is empty')
  if (!isUtf8(body)) throw malformed('the body is not UTF-8')
  const text = body.toString('utf8')
  try {
    return secureJson.parse(text) // refuses __proto__ and constructor.prototype
  } catch (cause) {
    throw malformed(isJson(text) ? 'the body names __proto__ or constructor.prototype' : 'the body is not JSON', cause)
  }
}

/** Nothing is unpacked, so no bomb goes off; a plugin that unpacks removes the header. RFC 9110, 12.5.3 and 15.5.16 */
function compressed(): UnsupportedMediaType {
  const headers = { 'accept-encoding': 'identity' }
  return new UnsupportedMediaType('the body has a content-encoding: send it without', { headers })
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function malformed(detail: string, cause?: unknown): BadRequest {
  return new BadRequest(detail, { code: codes.malformed, cause })
}
