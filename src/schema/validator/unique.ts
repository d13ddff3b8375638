/** Whether two items of a list of JSON are equal, in time that grows with its size rather than with its square. */
export function hasDuplicates(items: readonly unknown[]): boolean {
  const seen = new Set<unknown>()
  const texts = new Set<string>()
  for (const item of items) {
    if (typeof item === 'object' && item !== null) texts.add(canonical(item))
    else seen.add(item)
  }
  return seen.size + texts.size < items.length
}

/** JSON in which equal values have equal texts. */
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  const fields = Object.keys(value).sort()
  return `{${fields.map((name) => `${JSON.stringify(name)}:${canonical(value[name as never])}`).join(',')}}`
}
