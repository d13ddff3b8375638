/** Names whose values nobody is to read. */
const secret = /authorization|cookie|passw(?:or)?d|secret|token|api[-_]?key|credential/i
const deepest = 4
const longestText = 256
const mostItems = 20

/** A copy that can be logged: secrets by their names, what is deep, long or binary cut short. */
export function redacted(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return value.length > longestText ? `${value.slice(0, longestText)}…` : value
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Date) return value
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (depth >= deepest) return '[…]'
  if (Array.isArray(value)) return value.slice(0, mostItems).map((item) => redacted(item, depth + 1))
  const entries = Object.entries(value).slice(0, mostItems)
  return Object.fromEntries(
    entries.map(([key, item]) => [key, secret.test(key) ? '[redacted]' : redacted(item, depth + 1)]),
  )
}
