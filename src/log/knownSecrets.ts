/** Secrets that are known by their values: no line shows them, under any name. */
export interface KnownSecrets {
  readonly byName: ReadonlyMap<string, unknown>
  /** Values that are replaced inside of texts, the longest first. */
  readonly texts: readonly string[]
}

/** Knows no secret. */
export const noSecrets: KnownSecrets = { byName: new Map(), texts: [] }

/** Collects secret values. A text of fewer than six characters is replaced only under its name: it may be a word. */
export function knownSecrets(values: Readonly<Record<string, unknown>>): KnownSecrets {
  const known = Object.entries(values).filter(([, value]) => value !== undefined && value !== null)
  const texts = known.flatMap(([, value]) => textsIn(value)).filter((text) => text.length >= shortestText)
  return { byName: new Map(known), texts: texts.sort((a, b) => b.length - a.length) }
}

const shortestText = 6

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}
