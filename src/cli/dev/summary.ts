import type { ServiceProcess } from './child.ts'
import type { Databases } from './database.ts'
import type { DevRegistry } from './registry.ts'

/** Returns the summary that dev prints when all services have started. */
export function summary(
  children: readonly ServiceProcess[],
  databases: Databases,
  registry: DevRegistry,
  { dashboardUrl, issuerUrl }: { readonly dashboardUrl: string | undefined; readonly issuerUrl: string | undefined },
  tookMs: number,
): string {
  const dashboard = dashboardUrl === undefined ? '' : `  Dashboard: ${dashboardUrl}\n`
  const issuer = issuerUrl === undefined ? '' : `  Issuer of tokens: ${issuerUrl}\n`
  return `\n${serviceTable(children, databases)}\n\n${dashboard}${issuer}  Consul${registry.isFake ? ', in memory' : ''}: ${registry.url}\n\nReady in ${(tookMs / 1000).toFixed(1)} s. Ctrl-C stops everything.\n`
}

/** Returns a table of the services with their URLs and databases. */
export function serviceTable(children: readonly ServiceProcess[], databases: Databases): string {
  const rows = children.map(({ service, url, problem }) => [
    service.name,
    url ?? 'not running',
    url ? `${url}/docs` : '',
    `${databases.displayUrl(service) ?? ''}${problem === undefined ? '' : ' (not up to date)'}`,
  ])
  return table([['service', 'url', 'documentation', 'database'], ...rows])
}

function table(rows: readonly string[][]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows
    .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd())
    .join('\n')
}
