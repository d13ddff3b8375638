import type { IncomingMessage } from 'node:http'
import { gunzip } from 'node:zlib'
import { promisify } from 'node:util'

/** A body that cannot be read, with the status to respond with. */
export class BodyError extends Error {
  static override readonly name = 'BodyError'
  readonly status: 400 | 413 | 415

  constructor(status: 400 | 413 | 415, message: string) {
    super(message)
    this.status = status
  }
}

/** Bytes of a body, unless its route takes more. */
const usualBytes = 8 * 1024 * 1024
const unzip = promisify(gunzip)

/**
 * Reads a body, and unpacks it if it is compressed.
 *
 * @throws {BodyError} when it is too large, or no gzip
 */
export async function readBody(request: IncomingMessage, mostBytes: number = usualBytes): Promise<Buffer> {
  const tooLarge = `the body has more than ${mostBytes / 1024 / 1024} MiB`
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > mostBytes) throw new BodyError(413, tooLarge)
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks)
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding === 'identity') return body
  if (encoding !== 'gzip') throw new BodyError(415, 'content-encoding must be gzip')
  return unzip(body, { maxOutputLength: mostBytes }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ERR_BUFFER_TOO_LARGE'
      ? new BodyError(413, tooLarge)
      : new BodyError(400, 'the body is no gzip')
  })
}

/**
 * Reads a body of JSON.
 *
 * @throws {BodyError} as `readBody`, and when it is no JSON
 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const body = await readBody(request)
  try {
    return JSON.parse(body.toString())
  } catch {
    throw new BodyError(400, 'the body is no JSON')
  }
}
