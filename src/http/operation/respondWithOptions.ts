import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Contract } from '../../contract/contract.ts'
import { fileTypeOf } from '../../contract/file.ts'
import { compileLocationCheck, redirectOf, type RedirectOptions } from '../../contract/redirect.ts'
import { hasBody } from '../../contract/responses.ts'
import { respondFile } from '../files/respondFile.ts'
import { openRequestOf } from '../inFlight/inFlight.ts'
import { namesTag, tagOfText } from './entityTag.ts'
import type { Respond, RespondParts } from './respond.ts'
import { addDefaults, missingHeader, type ResponseDraft } from './responseDraft.ts'

/** Compiles how an operation responds whose handler may choose the status, set headers and cookies, or that has a tag. */
export function compileRespondWithOptions(
  { operations }: Contract,
  name: string,
  { spec, preSerialization, checkResponse }: RespondParts,
): Respond {
  const { etag = false, cacheControl, returns, route } = operations[name]!
  const { usual, encoders, headers } = spec
  const [required] = headers.required
  const redirect = redirectOf(returns)
  const goTo = redirect && compileGoTo(redirect)
  const usualType = fileTypeOf(returns)
  const isRead = route.startsWith('GET ')

  return (request, reply, value) => {
    if (reply.sent) return reply
    const open = openRequestOf(reply)
    const draft = open.response
    const status = draft?.chosen ?? usual
    checkResponse?.(name, value, status)
    if (etag && !isRead) requireCheck(request, draft)
    open.headersBefore = reply.getHeaders()
    if (cacheControl !== undefined) reply.header('cache-control', cacheControl)
    if (draft) draft.apply(reply)
    else if (required !== undefined) throw missingHeader(required)
    else addDefaults(reply, headers.defaults)
    reply.statusCode = status
    if (goTo && status === usual) return goTo(reply, value)
    if (usualType !== undefined && status === usual) return respondFile(request, reply, { content: value, usualType })
    if (draft?.tag !== undefined) {
      reply.header('etag', draft.tag)
      if (isRead && isKnown(request, draft.tag)) return notModified(reply)
    }
    if (!hasBody(status)) return reply.send()
    reply.header('content-type', 'application/json; charset=utf-8')
    const encode = encoders.get(status)!
    const write =
      etag && isRead && draft?.tag === undefined && status === usual
        ? (shown: unknown) => tagged(request, reply, encode(shown, request.query))
        : (shown: unknown) => encode(shown, request.query)
    if (preSerialization.isWanted && typeof value === 'object' && value !== null) {
      // Fastify calls these hooks only for a payload that is not text yet.
      reply.serializer(write)
      return value
    }
    const text = write(value)
    return reply.statusCode === 304 ? reply.send() : text
  }
}

/** Adds the tag of a body. Returns an empty body with a 304 when the caller has it. */
function tagged(request: FastifyRequest, reply: FastifyReply, text: string): string {
  const tag = tagOfText(text)
  reply.header('etag', tag)
  if (!isKnown(request, tag)) return text
  reply.removeHeader('content-type')
  reply.statusCode = 304
  return ''
}

function notModified(reply: FastifyReply): FastifyReply {
  reply.statusCode = 304
  return reply.send()
}

function isKnown({ headers: { 'if-none-match': known } }: FastifyRequest, tag: string): boolean {
  return known !== undefined && namesTag(known, tag)
}

/** @throws {Error} when the handler has ignored the caller's `if-match`: it has overwritten what the caller protects */
function requireCheck({ headers }: FastifyRequest, draft: ResponseDraft | undefined): void {
  if (draft?.isChecked || (headers['if-match'] === undefined && headers['if-none-match'] === undefined)) return
  throw new Error(
    'the handler did not check the version of the caller: call response.ifMatch(version) before it writes',
  )
}

function compileGoTo(options: RedirectOptions): (reply: FastifyReply, location: unknown) => FastifyReply {
  const check = compileLocationCheck(options)
  return (reply, location) => {
    const problem = check(location)
    if (problem) throw new TypeError(`what the handler returned breaks its contract: ${problem}`)
    // A header is ASCII. What is encoded already stays as it is.
    const encoded = (location as string).replaceAll(/[^\x21-\x7e]+/gu, encodeURIComponent)
    return reply.header('location', encoded).send()
  }
}
