/** Whether two items of a JSON list are equal, in linear rather than quadratic time. */
export function hasDuplicates(items: readonly unknown[]): boolean {
  const seen = new Set<unknown>()
  const texts = new Set<string>()
  for (const item of items) {
    if (typeof item === 'object' && item !== null) texts.add(canonical(item))
    else seen.add(item)
  }
  return seen.size + texts.size < items.length
}

/** Serialises JSON so that equal values have equal texts. */
export function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  const fields = Object.keys(value).sort()
  return `{${fields.map((name) => `${JSON.stringify(name)}:${canonical(value[name as never])}`).join(',')}}`
}
