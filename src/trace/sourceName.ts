/** What whoever puts modules into one file says of the functions that it had to rename, see `load/sourceNames.ts`. */
const key = Symbol.for('tricube.sourceNames')

/** What a function is called in its source. */
export function sourceNameOf({ name }: { readonly name: string }): string {
  const names = (globalThis as { [key]?: Readonly<Record<string, string>> })[key]
  return names && Object.hasOwn(names, name) ? names[name]! : name
}
