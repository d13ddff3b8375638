/** Numbers of several turns. */

/** The number below which such a part of all lies. */
export function quantile(numbers, part) {
  const sorted = numbers.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) * part
  const below = Math.floor(at)
  return sorted[below] + (sorted[Math.ceil(at)] - sorted[below]) * (at - below)
}

export function median(numbers) {
  return quantile(numbers, 0.5)
}

/**
 * `{ cost, least, middle }`: what something costs is the lower quartile, for whatever else the machine does can only add to a
 * turn; a turn cheaper than that may have been spared what others had to do.
 */
export function costOf(numbers) {
  return { cost: quantile(numbers, 0.25), least: Math.min(...numbers), middle: median(numbers) }
}
