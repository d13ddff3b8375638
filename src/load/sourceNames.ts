/**
 * The names that functions have in the source.
 *
 * In one file two functions cannot have one name at the top, so esbuild calls the second `charge2`. Its `keepNames` would set
 * the name of every closure anew, 0.4 µs each time one is made; a table that is asked when a name is wanted costs nothing.
 */
/** JavaScript that adds names to the table that `sourceNameOf` reads; empty when there are none. */
export function namesScript(names: Readonly<Record<string, string>>): string {
  if (Object.keys(names).length === 0) return ''
  return `Object.assign(globalThis[Symbol.for('tricube.sourceNames')] ??= {}, ${JSON.stringify(names)}); `
}

/** Which names of a compiled text its sources do not have: esbuild has made each by a number after one that they have. */
export function renamed(compiled: string, sources: readonly string[]): Readonly<Record<string, string>> {
  const names: Record<string, string> = {}
  let words: ReadonlySet<string> | undefined
  for (const [, name] of compiled.matchAll(numbered)) {
    if (name === undefined || names[name] !== undefined) continue
    words ??= new Set(sources.flatMap((text) => text.match(/[\w$]+/g) ?? []))
    const source = words.has(name) ? undefined : longestKnown(name, words)
    if (source !== undefined) names[name] = source
  }
  return names
}

/** A function, a class, or a variable that may hold one, with a number at the end. */
const numbered = /\b(?:function\*?|class|var|let|const) ([\w$]*[A-Za-z_$]\d+)\b(?= ?[=({]| extends )/g

function longestKnown(name: string, words: ReadonlySet<string>): string | undefined {
  for (let end = name.length - 1; /\d/.test(name[end] ?? ''); end--) {
    const shorter = name.slice(0, end)
    if (words.has(shorter)) return shorter
  }
  return undefined
}
