// The headers that a caller adds to a call: those of the contract, those of one call, and those that are forwarded.

/**
 * Returns the value of a header after checking it: an invalid one would fail in the connection, and count against the
 * callee.
 *
 * @throws {TypeError} when it has a character that RFC 9110, 5.5 does not allow
 */
export function headerValue(subject: string, name: string, value: string): string {
  const character = /[^\t\x20-\x7e\x80-\xff]/u.exec(value)?.[0]
  if (character !== undefined)
    throw new TypeError(`${subject}: headers.${name} must not have the character ${codeOf(character)}`)
  return value
}

/**
 * Returns the name of a header as it is sent, in lower case. If two names differ only in case, the last one wins.
 *
 * @throws {TypeError} when it is no valid name (RFC 9110, 5.1), or belongs to the connection or to the call itself
 */
export function headerName(subject: string, name: string): string {
  const lower = name.toLowerCase()
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(lower))
    throw new TypeError(`${subject}: headers: ${JSON.stringify(name)} is not a valid name`)
  if (ownHeaders.has(lower)) throw new TypeError(`${subject}: headers.${lower} is set by the call itself`)
  return lower
}

/** Adds headers to those of a call. Headers that are undefined are left out. */
export function addHeaders(
  subject: string,
  headers: Record<string, string>,
  more: Readonly<Record<string, string | undefined>>,
): void {
  for (const name in more) {
    const value = more[name]
    if (value === undefined) continue
    const sent = headerName(subject, name)
    headers[sent] = headerValue(subject, sent, value)
  }
}

/** Returns a character as `U+4F60`: a message must not break lines. */
function codeOf(character: string): string {
  return `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`
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
  'x-call-contract',
  'x-request-attempt',
  'x-request-timeout-ms',
])
