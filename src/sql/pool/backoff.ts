const firstMs = 50
const mostMs = 1000

/** Milliseconds to wait before attempt `n` (from 0): doubled each time up to a second, half of it random. */
export function backoffMs(n: number): number {
  const most = Math.min(mostMs, firstMs * 2 ** n)
  return most / 2 + (Math.random() * most) / 2
}
