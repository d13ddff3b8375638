import type { IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { HttpCall } from './types.ts'

/** Reads a request into what a mock gets. */
export async function callOf(origin: string, params: HttpCall['params'], request: IncomingMessage): Promise<HttpCall> {
  const url = new URL(request.url!, origin)
  const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)] as const)
  return {
    method: request.method!,
    url: url.href,
    params,
    query: valuesOf(url.searchParams),
    headers: Object.fromEntries(headers),
    body: bodyOf(await buffer(request), request.headers['content-type'] ?? ''),
  }
}

function bodyOf(bytes: Buffer, type: string): unknown {
  if (bytes.length === 0) return undefined
  if (/^application\/(?:[\w.-]+\+)?json\b/i.test(type)) return parsed(bytes.toString())
  if (/^application\/x-www-form-urlencoded\b/i.test(type)) return valuesOf(new URLSearchParams(bytes.toString()))
  return /^text\//i.test(type) ? bytes.toString() : new Uint8Array(bytes)
}

/** Text that is not JSON stays text: a test shall see what was sent. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function valuesOf(search: URLSearchParams): HttpCall['query'] {
  const names = [...new Set(search.keys())]
  return Object.fromEntries(
    names.map((name) => {
      const [first = '', ...more] = search.getAll(name)
      return [name, more.length > 0 ? [first, ...more] : first]
    }),
  )
}
