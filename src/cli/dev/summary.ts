import type { ServiceProcess } from './child.ts'
import type { Databases } from './database.ts'
import type { DevRegistry } from './registry.ts'

/** The table that says where everything is. */
export function summary(
  children: readonly ServiceProcess[],
  databases: Databases,
  registry: DevRegistry,
  tookMs: number,
): string {
  const rows = children.map(({ service, url }) => [
    service.name,
    url ?? 'not running',
    url ? `${url}/docs` : '',
    databases.shownUrl(service) ?? '',
  ])
  const services = table([['service', 'url', 'documentation', 'database'], ...rows])
  return `\n${services}\n\n  Consul${registry.isFake ? ', in memory' : ''}: ${registry.url}\n\nReady in ${(tookMs / 1000).toFixed(1)} s. Ctrl-C stops everything.\n`
}

function table(rows: readonly string[][]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows
    .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd())
    .join('\n')
}
