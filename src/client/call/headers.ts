/** The headers of a call that its caller gives: those of the contract, of one call, and those that are passed on. */

/** RFC 9110, 5.5: what is none would fail in the connection, and there count against the callee. */
export function headerValue(name: string, value: string): string {
  if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) throw new TypeError(`headers.${name} is no value of a header`)
  return value
}

/**
 * A header's name as it is sent, in lower case: of two that differ in case, the last one counts.
 *
 * @throws {TypeError} for what is none (RFC 9110, 5.1), or belongs to the connection or to the call itself
 */
export function headerName(name: string): string {
  const lower = name.toLowerCase()
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(lower))
    throw new TypeError(`headers: ${JSON.stringify(name)} is no name of a header`)
  if (ownHeaders.has(lower)) throw new TypeError(`headers.${lower} is set by the call itself`)
  return lower
}

/** Adds headers to those of a call; what is undefined is left out. */
export function addHeaders(headers: Record<string, string>, given: Readonly<Record<string, string | undefined>>): void {
  for (const name in given) {
    const value = given[name]
    if (value === undefined) continue
    const sent = headerName(name)
    headers[sent] = headerValue(sent, value)
  }
}

const ownHeaders = new Set([
  'connection',
  'content-length',
  'content-type',
  'expect',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-request-attempt',
  'x-request-timeout-ms',
])
