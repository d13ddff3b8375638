import { createHash } from 'node:crypto'

/** A version of a resource: a column that changes with each update, a time, or the data itself. */
export type Version = string | number | bigint | Date | object

/** Returns the entity tag of a version. Data is written by `encode`, so that it has the tag of the response with it. */
export function tagOf(version: Version, encode: (data: unknown) => string): string {
  if (version instanceof Date) return quoted(version.toISOString())
  if (typeof version === 'object') return tagOfText(encode(version))
  const text = String(version)
  // RFC 9110, 8.8.3: a tag has visible characters but the quote.
  return /^[\x21\x23-\x7e]{1,64}$/.test(text) ? quoted(text) : tagOfText(text)
}

/** Returns the entity tag of a body. */
export function tagOfText(text: string): string {
  return tagOfBytes(Buffer.from(text))
}

/** Returns the entity tag of bytes. */
export function tagOfBytes(bytes: Uint8Array): string {
  return quoted(createHash('sha256').update(bytes).digest('base64url').slice(0, 27)) // 160 bits
}

/**
 * Whether a list of tags in a header names a tag, or is `*`. Weak tags count for both headers, though RFC 9110, 13.1.1
 * wants a strong one in `if-match`: a proxy that compresses makes a tag weak, and it still names the version.
 */
export function namesTag(header: string, tag: string): boolean {
  if (header.trim() === '*') return true
  const plain = tag.replace(/^W\//, '')
  const named: readonly string[] = header.match(/"[^"]*"/g) ?? []
  return named.includes(plain)
}

function quoted(text: string): string {
  return `"${text}"`
}
