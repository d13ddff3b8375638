import type { StoredSpan } from '../model/span.ts'
import { firstOf } from '../model/summary.ts'
import type { ServiceRow } from '../model/state.ts'

/** The request of a trace as a command. A trace has neither its query nor its body. */
export function curlOf(spans: readonly StoredSpan[], services: readonly ServiceRow[]): string {
  const { attributes, service } = firstOf(spans)
  const method = attributes['http.request.method'] ?? 'GET'
  const origin = services.find(({ name }) => name === service)?.url ?? 'http://localhost'
  const path = attributes['url.path'] ?? attributes['http.target'] ?? '/'
  return `curl${method === 'GET' ? '' : ` -X ${quoted(method)}`} ${quoted(origin + path)}`
}

/** As one word of a shell. */
function quoted(text: string): string {
  return /^[\w./:@%-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
