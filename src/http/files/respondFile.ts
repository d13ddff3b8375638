import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { PreconditionFailed } from '../../contract/errors.ts'
import type { FileContent } from '../../contract/file.ts'
import { HttpError } from '../../contract/httpError.ts'
import { namesTag } from '../operation/entityTag.ts'
import { dispositionOf } from './disposition.ts'
import { openFile, type OpenFile } from './openFile.ts'
import { parseRange, type Range } from './range.ts'

/** Sends a file, or the part of it that the caller asks for (RFC 9110, 13 and 14). */
export async function respondFile(
  request: FastifyRequest,
  reply: FastifyReply,
  { content, usualType }: { readonly content: unknown; readonly usualType: string },
): Promise<FastifyReply> {
  const about = contentOf(content)
  const file = await openFile(about)
  let isSent = false
  try {
    const { type = usualType, inline = false, name } = about
    const isKnown = meetsConditions(request, file)
    addValidators(reply, file)
    if (isKnown) {
      reply.statusCode = 304
      return await reply.send()
    }
    const range = rangeOf(request, file)
    reply.headers({
      'content-type': type,
      'content-disposition': dispositionOf(inline ? 'inline' : 'attachment', name),
      'accept-ranges': file.hasRanges ? 'bytes' : 'none',
    })
    const length = range ? range.end - range.start : file.size
    if (length !== undefined) reply.header('content-length', length)
    if (range) reply.code(206).header('content-range', `bytes ${range.start}-${range.end - 1}/${file.size}`)
    if (request.method === 'HEAD') return await reply.send(Readable.from([])) // keeps content-length
    isSent = true
    return await reply.send(file.read(range))
  } finally {
    if (!isSent) await file.close()
  }
}

function contentOf(value: unknown): FileContent {
  if (typeof value === 'object' && value !== null && 'content' in value) return value as FileContent
  throw new TypeError('what the handler returned breaks its contract: a file is { content: … }')
}

function addValidators(reply: FastifyReply, { tag, modified }: OpenFile): void {
  if (tag !== undefined) reply.header('etag', tag)
  if (modified) reply.header('last-modified', modified.toUTCString())
}

/**
 * Whether the caller has the file already.
 *
 * @throws {PreconditionFailed} when the caller wants another version only
 */
function meetsConditions({ headers }: FastifyRequest, { tag, modified }: OpenFile): boolean {
  const { 'if-match': match, 'if-none-match': noneMatch } = headers
  const changed = modified && Math.trunc(modified.getTime() / 1000) * 1000
  if (match !== undefined) {
    if (tag === undefined || !namesTag(match, tag)) throw new PreconditionFailed('the file has another version')
  } else if (changed! > Date.parse(headers['if-unmodified-since'] ?? '')) {
    throw new PreconditionFailed('the file has changed since')
  }
  if (noneMatch !== undefined) return tag !== undefined && namesTag(noneMatch, tag)
  return changed! <= Date.parse(headers['if-modified-since'] ?? '')
}

/** @throws {HttpError} 416 when no byte of the file is in the range */
function rangeOf({ headers, method }: FastifyRequest, { size, tag, modified, hasRanges }: OpenFile): Range | undefined {
  const { range: wanted, 'if-range': ifRange } = headers
  if (wanted === undefined || !hasRanges || size === undefined || method === 'HEAD') return undefined
  if (ifRange !== undefined) {
    const isSame = typeof ifRange === 'string' && (ifRange === tag || ifRange === modified?.toUTCString())
    if (!isSame) return undefined
  }
  const range = parseRange(wanted, size)
  if (range !== 'unsatisfiable') return range
  const options = { message: 'Range Not Satisfiable', headers: { 'content-range': `bytes */${size}` } }
  throw new HttpError(416, `the file has ${size} bytes`, options)
}
