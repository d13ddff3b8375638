import { isUtf8 } from 'node:buffer'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import secureJson from 'secure-json-parse'
import { BadRequest, codes, UnsupportedMediaType } from '../contract/errors.ts'

/** Accepts JSON bodies, and rejects all others with a 415. */
export function addJsonParser(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers()
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    try {
      if (request.headers['content-encoding'] !== undefined) throw compressed()
      done(null, body.length === 0 ? undefined : parseJson(body)) // the operation's validator rejects a missing body
    } catch (error) {
      done(error as Error)
    }
  })
}

/**
 * Removes the `content-type` of a request without a body, so that it cannot be rejected for it: axios, Angular and Postman
 * send one with each DELETE. RFC 9110, 8.6: a length of 0 is no content.
 */
export function removeTypeWithoutBody({ raw }: FastifyRequest): void {
  const { headers } = raw
  if (headers['content-type'] === undefined) return
  const length = headers['content-length']
  const isEmpty =
    length === undefined ? raw.httpVersionMajor === 1 && headers['transfer-encoding'] === undefined : length === '0'
  if (isEmpty) delete headers['content-type']
}

/** @throws {BadRequest} 40001, with what is malformed but without the input */
function parseJson(body: Buffer): unknown {
  if (!isUtf8(body)) throw malformed('the body is not UTF-8')
  const text = body.toString('utf8')
  let value: unknown
  try {
    value = secureJson.parse(text) // throws at __proto__ and constructor.prototype
  } catch (cause) {
    throw malformed(isJson(text) ? 'the body names __proto__ or constructor.prototype' : 'the body is not JSON', cause)
  }
  if (surrogate.test(text) && hasLoneSurrogate(value)) throw malformed('the body has half of a surrogate pair')
  return value
}

/** An escape of a surrogate. UTF-8 has no other way to write one. */
const surrogate = /\\u[dD][89a-fA-F]/

/** Half of a pair: as Unicode, a whole pair is one character. */
const half = /\p{Surrogate}/u

/** Whether a name or a text is no Unicode, which nothing could store as it is. It uses no stack. */
export function hasLoneSurrogate(value: unknown): boolean {
  const left = [value]
  while (left.length > 0) {
    const item = left.pop()
    if (typeof item === 'string' && half.test(item)) return true
    if (typeof item !== 'object' || item === null) continue
    for (const name in item) {
      if (half.test(name)) return true
      left.push((item as Record<string, unknown>)[name])
    }
  }
  return false
}

/** Bodies are not decompressed, so no bomb goes off. A plugin that does removes the header. RFC 9110, 12.5.3, 15.5.16 */
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
