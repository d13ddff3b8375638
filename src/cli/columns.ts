import { printableLayout } from '../bytes/printable.ts'
import { hint } from '../schema/validator/nearestName.ts'

/** Returns rows as lines whose cells are below each other. */
export function columns(rows: readonly (readonly (string | number)[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => String(row[i]).length)))
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => String(cell).padEnd(widths[i]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}

/** Returns a line for each field that is not null. */
export function fieldLines(fields: object): string {
  const lines = Object.entries(fields).filter(([, value]) => value !== null)
  return lines.map(([name, value]) => `${name.padEnd(10)} ${String(value)}\n`).join('')
}

/** Says that a list is empty, and which names there are if the name that was asked for is none of them. */
export function noneOf(what: string, name: string | undefined, names: readonly string[]): string {
  const known = [...new Set(names)].toSorted()
  if (name === undefined || known.length === 0 || known.includes(name)) return `no ${what}s\n`
  return `no ${what}s of the name ${JSON.stringify(name)}: there are ${known.join(', ')}${hint(name, known)}\n`
}

/** Prints text that may quote anything: a terminal reads it. */
export function print(text: string): 0 {
  process.stdout.write(printableLayout(text))
  return 0
}
