import { printableLayout } from '../bytes/printable.ts'

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

/** Prints text that may quote anything: a terminal reads it. */
export function print(text: string): 0 {
  process.stdout.write(printableLayout(text))
  return 0
}
