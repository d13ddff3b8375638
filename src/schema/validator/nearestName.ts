/** Returns the most similar name, for a typo: at most a third of its letters may differ. */
export function nearestName(text: string, names: readonly string[]): string | undefined {
  if (text.length > maxLength || names.includes(text)) return undefined
  let nearest: string | undefined
  let least = Math.floor(text.length / 3) + 1
  for (const name of names) {
    if (name.length > maxLength || Math.abs(name.length - text.length) >= least) continue
    const distance = distanceOf(text.toLowerCase(), name.toLowerCase())
    if (distance < least) [nearest, least] = [name, distance]
  }
  return nearest
}

/** Returns `; did you mean timeoutMs?` for a misspelt name, or for one without its unit; else an empty text. */
export function hint(name: string, names: readonly string[]): string {
  const nearest = nearestName(name, names) ?? names.find((one) => one === `${name}Ms`) ?? continued(name, names)
  return nearest === undefined ? '' : `; did you mean ${nearest}?`
}

/** Returns `, expected a, b; did you mean a?`. A long list would hide what was meant, so it is left out. */
export function expectedNames(name: string, names: readonly string[]): string {
  const meant = hint(name, names)
  return meant !== '' && names.length > longList ? meant : `, expected ${names.join(', ')}${meant}`
}

const longList = 12

/** The only name that goes on as this one does up to its last letter: `retries` for `retry`. */
function continued(name: string, names: readonly string[]): string | undefined {
  const found = name.length < 5 ? [] : names.filter((one) => one.startsWith(name.slice(0, -1)))
  return found.length === 1 ? found[0] : undefined
}

const maxLength = 64

/** Counts the letters to change, add, remove, or swap with the next one (optimal string alignment). */
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
