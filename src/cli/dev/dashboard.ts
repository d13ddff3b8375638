import { execFile, spawn } from 'node:child_process'
import { basename, resolve } from 'node:path'
import { promisify } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { openDashboard, type Dashboard } from '../../dashboard/dashboard.ts'
import type { DashboardOptions, ManagedService } from '../../dashboard/dashboardOptions.ts'
import type { SettingRow } from '../../dashboard/model/state.ts'
import { ownProgram } from '../../load/own.ts'
import { CliError } from '../failure.ts'
import { displayPath } from '../load-service.ts'
import type { ServiceProcess } from './child.ts'
import { databasesOf } from './dashboardDatabases.ts'
import type { Databases } from './database.ts'
import type { EnvFile } from './envFile.ts'
import type { PlannedService } from './plan.ts'
import type { Screen } from './screen.ts'
import { ownExporter } from './traces.ts'

/** The options of `tricube dev` that concern the dashboard. */
export const dashboardOptions: {
  readonly open: { type: 'boolean'; default: boolean }
  readonly dashboard: { type: 'boolean'; default: boolean }
  readonly 'dashboard-port': { type: 'string'; default: string }
  readonly 'dashboard-host': { type: 'string'; multiple: true }
} = {
  open: { type: 'boolean', default: false },
  dashboard: { type: 'boolean', default: true },
  'dashboard-port': { type: 'string', default: '8000' },
  'dashboard-host': { type: 'string', multiple: true },
}

/** The values of these options. */
export interface DashboardFlags {
  readonly dashboard: boolean
  readonly 'dashboard-port': string
  readonly 'dashboard-host'?: string[] | undefined
}

/** What the dashboard shows. */
export interface DevDashboardSources {
  /** The services of the start, whose ports the dashboard leaves free. */
  readonly services: readonly PlannedService[]
  /** The processes, which may become more. */
  readonly children: readonly ServiceProcess[]
  readonly databases: Pick<Databases, 'url'>
  readonly envFile: EnvFile
  readonly screen: Screen
  /** Returns the token of a user of dev's issuer, if one runs. */
  readonly tokenOf: NonNullable<DashboardOptions['tokenOf']>
}

/** The dashboard of `tricube dev`; without a URL if it is off. */
export type DevDashboard = Pick<Dashboard, 'addZipkin' | 'close'> & { readonly url: string | undefined }

/**
 * Opens the dashboard. If it cannot be opened, dev goes on without it.
 *
 * @throws {CliError} when a flag is wrong
 */
export async function openDevDashboard(
  flags: DashboardFlags,
  { services, children, databases, envFile, screen, tokenOf }: DevDashboardSources,
): Promise<DevDashboard> {
  const port = portOf('dev', 'dashboard-port', flags['dashboard-port'])
  if (!flags.dashboard) return off
  growSlowly()
  const exporter = ownExporter(process.env)
  try {
    const dashboard = await openDashboard({
      project: basename(resolve('.')),
      folder: '.tricube',
      port,
      reservedPorts: new Set(services.map(({ port }) => port)),
      hosts: flags['dashboard-host'] ?? [],
      token: process.env['TRICUBE_DASHBOARD_TOKEN'],
      tracesOff: exporter && `${exporter} sends the traces of your services elsewhere. Unset it to see them here.`,
      services: () => children.map((child) => managed(child, envFile)),
      tokenOf,
      databases: async () => {
        const all = children.map(async ({ service, env }) =>
          databasesOf({ service, url: await databases.url(service), env }),
        )
        return (await Promise.all(all)).flat()
      },
      onProblem: (message) => screen.warn(message),
    })
    const { url, addZipkin } = dashboard
    const taken = Number(new URL(url).port)
    if (port !== 0 && taken !== port) screen.info(`port ${port} is in use: the dashboard listens on ${taken}`)
    screen.listener = dashboard
    return {
      url,
      addZipkin,
      close() {
        screen.listener = undefined
        return dashboard.close()
      },
    }
  } catch (error) {
    screen.warn(`no dashboard: ${(error as Error).message}`)
    return off
  }
}

const off: DevDashboard = { url: undefined, addZipkin: () => {}, close: () => Promise.resolve() }

function managed(child: ServiceProcess, envFile: EnvFile): ManagedService {
  const { service, status, url, ending, sinceMs, pid, problem, lastLines } = child
  return {
    state: {
      name: service.name,
      status,
      sinceMs,
      ...(ending !== undefined && { reason: ending }),
      ...(url !== undefined && { url }),
      ...(service.certificates && { certificates: service.certificates }),
      ...(service.version !== undefined && { version: service.version }),
      ...(pid !== undefined && { pid }),
      ...(problem !== undefined && { problem }),
      ...(status === 'failed' && { lastLines }),
    },
    start: () => child.start(),
    stop: () => child.stop(),
    async restart() {
      await child.stop()
      await child.start()
    },
    openapi: service.openapi,
    databaseUrl: service.usesDatabase ? child.env['DATABASE_URL'] : undefined,
    calls: service.calls,
    work: service.work,
    settings: () => settingsOf(child, envFile),
  }
}

/** Reads the settings in a process of its own: dev never runs the user's code. */
async function settingsOf({ service, env }: ServiceProcess, envFile: EnvFile): Promise<readonly SettingRow[]> {
  const args = [ownProgram('main'), 'config', service.file, '--json']
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: settingsTimeoutMs })
  const rows = JSON.parse(stdout) as readonly SettingRow[]
  return rows.map((row) =>
    row.source === 'environment' ? { ...row, source: sourceOf(row.variable, env, envFile) } : row,
  )
}

/** Returns who has set a variable of a service: dev itself, the file that dev reads, or the shell that started dev. */
function sourceOf(variable: string, env: NodeJS.ProcessEnv, envFile: EnvFile): string {
  if (env[variable] !== process.env[variable]) return 'tricube dev'
  return envFile.sets(variable) ? displayPath(envFile.path) : 'environment'
}

const settingsTimeoutMs = 30_000

/**
 * Reads a port of an option.
 *
 * @throws {CliError} naming the command and the option
 */
export function portOf(command: string, option: string, text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port < 65_536) return port
  throw new CliError(`tricube ${command}: --${option} must be a port from 0 to 65535, got ${JSON.stringify(text)}`, 2)
}

/**
 * Lets the heap of this process grow by less than V8 usually lets it: it collects garbage more often, and a process full of
 * traces takes half the memory. Only this flag works after the start.
 */
export function growSlowly(): void {
  setFlagsFromString('--optimize-for-size')
}

/** Opens a URL in the user's browser. Where there is none, the URL is on the screen. */
export function openBrowser(url: string | undefined): void {
  if (url === undefined) return
  const [command, ...args] =
    process.platform === 'darwin'
      ? ['open']
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '""']
        : ['xdg-open']
  const child = spawn(command, [...args, url], { stdio: 'ignore', detached: true })
  child.once('error', () => {})
  child.unref()
}
