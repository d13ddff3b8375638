import { parseArgs } from 'node:util'
import { inspectConfig } from '../config/load.ts'
import type { Setting } from '../config/setting.ts'
import { printable } from '../bytes/printable.ts'
import { settingsOf } from '../service/definition/config.ts'
import type { Definition } from '../service/definition/definition.ts'
import { settingsOfAuth } from './build/needs.ts'
import { CliError } from './failure.ts'
import { loadService } from './load-service.ts'

/**
 * `tricube config [service]`: prints every setting, its value and its source, as a table or as JSON. Resolves to 1 if one
 * of them is wrong.
 */
export async function configCommand(argv: string[]): Promise<number> {
  const { positionals, values: flags } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false } },
  })
  const [path, ...others] = positionals
  if (others.length > 0) throw new CliError('Usage: tricube config [service] [--json]', 2)
  const definition: Partial<Definition> = path === undefined ? {} : (await loadService(path)).definition
  const known = settingsOf(definition)
  const ofAuth = settingsOfAuth(definition)
  const settings = Object.fromEntries(
    Object.entries<Setting>(known).map(([name, one]) => [
      name,
      ofAuth.includes(one.variable) ? { ...one, isRequired: true } : one,
    ]),
  ) as typeof known
  const { values, origins, unknown, problems } = await inspectConfig(settings, { options: definition })
  const rows = Object.entries<Setting>(settings).map(([name, setting]) => [
    setting.variable,
    problems.has(name)
      ? origins.get(name) === 'default'
        ? '(missing)'
        : '(wrong)'
      : displayValue(setting, (values as unknown as Record<string, unknown>)[name], origins.get(name) === 'default'),
    origins.get(name) ?? '',
  ])
  if (flags.json)
    process.stdout.write(`${JSON.stringify(rows.map(([variable, value, source]) => ({ variable, value, source })))}\n`)
  else process.stdout.write(tableOf([['variable', 'value', 'source'], ...rows]))
  for (const line of [...problems.values(), ...unknown]) process.stderr.write(`${printable(line)}\n`)
  return problems.size > 0 ? 1 : 0
}

function displayValue({ secret, fallback }: Setting, value: unknown, isDefault: boolean): string {
  if (value === undefined) return fallback === undefined ? '(not set)' : `(not set: ${fallback})`
  if (secret && !isDefault) return '(secret)'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function tableOf(rows: readonly (readonly string[])[]): string {
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => printable(cell).padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return `${rows.map(line).join('\n')}\n`
}
