import type { StoredSpan } from '../model/span.ts'
import { firstOf } from '../model/summary.ts'
import type { CertificatePaths, ServiceRow } from '../model/state.ts'

/** The request of a trace as a command. A trace has neither its query nor its body. */
export function curlOf(spans: readonly StoredSpan[], services: readonly ServiceRow[]): string {
  const { attributes, service } = firstOf(spans)
  const method = attributes['http.request.method'] ?? 'GET'
  const { url: origin = 'http://localhost', certificates } = services.find(({ name }) => name === service) ?? {}
  const path = attributes['url.path'] ?? attributes['http.target'] ?? '/'
  const flags = [...(method === 'GET' ? [] : [`-X ${shellWord(method)}`]), ...certificateFlags(certificates)]
  return ['curl', ...flags, shellWord(origin + path)].join(' ')
}

/** Options that trust a service, and show it its own certificate. */
export function certificateFlags({ ca, cert, key }: CertificatePaths = {}): readonly string[] {
  return Object.entries({ cacert: ca, cert, key }).flatMap(([name, file]) =>
    file === undefined ? [] : [`--${name} ${shellWord(file)}`],
  )
}

/** A text as one word of a shell. */
export function shellWord(text: string): string {
  return /^[\w./:@%=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
