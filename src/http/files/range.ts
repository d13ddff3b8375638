/** A part of a file: the first byte and the one after the last. */
export interface Range {
  readonly start: number
  readonly end: number
}

/**
 * Parses a `range` for a file of a size. Returns `unsatisfiable` when no byte is in it. Returns undefined when the whole
 * file is the response: for a malformed header, another unit, and several ranges, which RFC 9110, 14.2 permits.
 */
export function parseRange(header: string, size: number): Range | 'unsatisfiable' | undefined {
  const [, from, to] = /^bytes=\s*(\d{0,15})\s*-\s*(\d{0,15})\s*$/i.exec(header) ?? []
  if (from === undefined || to === undefined || (from === '' && to === '')) return undefined
  if (from === '') {
    const length = Math.min(Number(to), size) // the last bytes
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size }
  }
  const start = Number(from)
  if (to !== '' && Number(to) < start) return undefined
  if (start >= size) return 'unsatisfiable'
  return { start, end: to === '' ? size : Math.min(Number(to) + 1, size) }
}
