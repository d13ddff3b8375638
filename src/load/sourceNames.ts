/**
 * The names that functions have in the source.
 *
 * One file cannot have two functions of the same name, so esbuild renames the second to `charge2`. Its `keepNames` would
 * set the name of every closure when it is made, at 0.4 µs each. A table that is read on demand costs nothing.
 */
/** Returns JavaScript that adds names to the table that `sourceNameOf` reads; empty when there are none. */
export function namesScript(names: Readonly<Record<string, string>>): string {
  if (Object.keys(names).length === 0) return ''
  return `Object.assign(globalThis[Symbol.for('tricube.sourceNames')] ??= {}, ${JSON.stringify(names)}); `
}

/** Finds the names that esbuild made by adding a number to a name of the sources. */
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

/** A function, a class, or a variable that may hold one, whose name ends in a number. */
const numbered = /\b(?:function\*?|class|var|let|const) ([\w$]*[A-Za-z_$]\d+)\b(?= ?[=({]| extends )/g

function longestKnown(name: string, words: ReadonlySet<string>): string | undefined {
  for (let end = name.length - 1; /\d/.test(name[end] ?? ''); end--) {
    const shorter = name.slice(0, end)
    if (words.has(shorter)) return shorter
  }
  return undefined
}
