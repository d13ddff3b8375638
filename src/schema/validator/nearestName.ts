/** The name that someone who wrote this one may have meant: at most a third of its letters are other ones. */
export function nearestName(given: string, names: readonly string[]): string | undefined {
  if (given.length > maxLength || names.includes(given)) return undefined
  let nearest: string | undefined
  let least = Math.floor(given.length / 3) + 1
  for (const name of names) {
    if (name.length > maxLength || Math.abs(name.length - given.length) >= least) continue
    const distance = distanceOf(given.toLowerCase(), name.toLowerCase())
    if (distance < least) [nearest, least] = [name, distance]
  }
  return nearest
}

const maxLength = 64

/** How many letters have to be changed, added, left out, or swapped with the next (optimal string alignment). */
function distanceOf(a: string, b: string): number {
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      row[j] = Math.min(change, above[j]! + 1, row[j - 1]! + 1)
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (isSwap) row[j] = Math.min(row[j]!, before[j - 2]! + 1)
    }
    ;[before, above] = [above, row]
  }
  return above[b.length]!
}
