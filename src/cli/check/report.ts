import { relative } from 'node:path'
import type { Change, Level } from '../../compatibility/difference.ts'

/** What has changed in a service. */
export interface ServiceReport {
  readonly name: string
  readonly file: string
  /** The version of its contract, now and before. */
  readonly version: string | undefined
  readonly before: string | undefined
  /** The hash of the contract of its code, as `/health/ready` shows it; undefined when it is gone. */
  readonly contract?: string
  readonly status: 'known' | 'new' | 'gone'
  /** Whether the contract file on disk is not that of the code. */
  readonly isStale: boolean
  readonly changes: readonly Change[]
  /** The services that call its operations. */
  readonly callers: readonly string[]
  /** The services that subscribe to its events. */
  readonly subscribers: readonly string[]
}

/** Prints a report. */
export type Report = (reports: readonly ServiceReport[]) => string

/** One line for each change, the worst first. */
export const textReport: Report = (reports) =>
  reports
    .flatMap((report) => [
      ...(report.status === 'new' ? [`new       ${report.name}`] : []),
      ...(report.isStale ? [`stale     ${report.name}: ${stale}`] : []),
      ...byLevel(report.changes).map((change) => `${change.level.padEnd(8)}  ${lineOf(report, change)}`),
    ])
    .map((line) => `${line}\n`)
    .join('')

/** The reports as JSON, for other programs. */
export const jsonReport: Report = (reports) =>
  `${JSON.stringify({ ...count(reports), services: reports.map((report) => ({ ...report, file: pathOf(report) })) }, null, 2)}\n`

/** Commands of a GitHub workflow: annotations at the file of the service. */
export const githubReport: Report = (reports) =>
  reports
    .flatMap((report) => [
      ...(report.isStale ? [annotation('error', report, `stale contract of ${report.name}`, stale)] : []),
      ...byLevel(report.changes).map((change) =>
        annotation(commands[change.level], report, `${change.level} change of ${report.name}`, lineOf(report, change)),
      ),
    ])
    .join('')

/** The last line of a report. */
export function summary(
  reports: readonly ServiceReport[],
  { write = false, against }: { readonly write?: boolean | undefined; readonly against?: string | undefined },
): string {
  const { breaking, risky, safe } = count(reports)
  const services = `${reports.length} ${reports.length === 1 ? 'service' : 'services'}`
  const line = `${breaking} breaking, ${risky} risky and ${safe} safe changes in ${services}`
  if (write) return `${line}, written\n`
  if (against !== undefined || breaking + risky + safe === 0) return `${line}\n`
  return `${line}; to accept them, run tricube check --write\n`
}

function count(reports: readonly ServiceReport[]): Record<Level, number> {
  const changes = reports.flatMap((report) => report.changes)
  const of = (level: Level): number => changes.filter((change) => change.level === level).length
  return { breaking: of('breaking'), risky: of('risky'), safe: of('safe') }
}

function byLevel(changes: readonly Change[]): readonly Change[] {
  return changes.toSorted((a, b) => levels.indexOf(a.level) - levels.indexOf(b.level))
}

function lineOf(report: ServiceReport, { level, path, text }: Change): string {
  return `${report.name}.${path}: ${text}${level === 'safe' ? '' : affected(report, path)}`
}

function affected({ callers, subscribers }: ServiceReport, path: string): string {
  const isOfAll = !path.includes('.') // of the contract itself
  const called = callers.length > 0 && (isOfAll || !/^(?:events|jobs)\./.test(path))
  const taken = subscribers.length > 0 && (isOfAll || path.startsWith('events.'))
  return `${called ? ` (known callers: ${callers.join(', ')})` : ''}${taken ? ` (known subscribers: ${subscribers.join(', ')})` : ''}`
}

function pathOf({ file }: ServiceReport): string {
  return relative(process.cwd(), file).replaceAll('\\', '/')
}

function annotation(command: string, report: ServiceReport, title: string, text: string): string {
  return `::${command} file=${property(pathOf(report))},title=${property(title)}::${data(text)}\n`
}

const stale = 'contract.json is out of date; run tricube check --write, and commit it'
const levels: readonly Level[] = ['breaking', 'risky', 'safe']
const commands: Readonly<Record<Level, string>> = { breaking: 'error', risky: 'warning', safe: 'notice' }

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
