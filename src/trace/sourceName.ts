/** The original names of functions that a bundler renamed, see `load/sourceNames.ts`. */
const key = Symbol.for('tricube.sourceNames')

/** Returns the name of a function in its source. */
export function sourceNameOf({ name }: { readonly name: string }): string {
  const names = (globalThis as { [key]?: Readonly<Record<string, string>> })[key]
  return names && Object.hasOwn(names, name) ? names[name]! : name
}
