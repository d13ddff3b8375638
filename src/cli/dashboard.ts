import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { openDashboard, type Dashboard } from '../dashboard/dashboard.ts'
import { dashboardOptions, growSlowly, openBrowser, portOf } from './dev/dashboard.ts'
import { Interrupt } from './dev/interrupt.ts'
import { CliError, failureLine } from './failure.ts'

/**
 * `tricube dashboard [file…]`: the dashboard without `tricube dev`. It takes the traces and log records of programs as OTLP
 * or, with files, shows what they hold.
 */
export async function dashboardCommand(argv: string[]): Promise<number> {
  const { positionals: files, values } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      open: dashboardOptions.open,
      'dashboard-port': dashboardOptions['dashboard-port'],
      'dashboard-host': dashboardOptions['dashboard-host'],
      'otlp-port': { type: 'string', default: '4318' },
    },
  })
  const port = portOf('dashboard', 'dashboard-port', values['dashboard-port'])
  const otlpPort = portOf('dashboard', 'otlp-port', values['otlp-port'])
  growSlowly()
  const interrupt = new Interrupt()
  const temporary = files.length > 0 ? await mkdtemp(join(tmpdir(), 'tricube-dashboard-')) : undefined
  try {
    const dashboard = await openDashboard({
      project: files.length === 1 ? basename(files[0]!) : basename(resolve('.')),
      // `tricube dev` of this folder may run at the same time.
      folder: temporary ?? join('.tricube', 'alone'),
      port,
      hosts: values['dashboard-host'] ?? [],
      token: process.env['TRICUBE_DASHBOARD_TOKEN'],
      alone: files.length > 0 ? {} : { otlpPort },
      services: () => [],
      onProblem: (message) => say(message),
    }).catch((error: unknown) => {
      throw new CliError(`tricube dashboard: ${failureLine(error)}`)
    })
    try {
      for (const file of files) say(await addFile(dashboard, file))
      const { url, otlpUrl } = dashboard
      if (otlpUrl !== undefined)
        say(`OTLP: ${otlpUrl} takes traces and logs over HTTP; set OTEL_EXPORTER_OTLP_ENDPOINT to it`)
      say(`Dashboard: ${url}`)
      if (values.open) openBrowser(url)
      await interrupt.guard(new Promise<never>(() => {}))
    } finally {
      await dashboard.close()
    }
    return 0
  } catch (error) {
    if (error !== interrupt.reason) throw error
    return 0
  } finally {
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true })
  }
}

const mostBytes = 256 * 1024 * 1024

async function addFile(dashboard: Dashboard, file: string): Promise<string> {
  const { size } = await stat(file).catch((error: unknown) => {
    throw new CliError(`${file}: ${failureLine(error)}`)
  })
  if (size > mostBytes)
    throw new CliError(`${file}: expected at most 256 MiB, got ${Math.ceil(size / 1024 / 1024)} MiB`)
  const { traces, spans, lines } = dashboard.addExport(await readFile(file, 'utf8'))
  if (spans + lines === 0) {
    throw new CliError(`${file}: no traces found; expected OTLP as JSON or Zipkin's JSON, whole or one document a line`)
  }
  return `${file}: ${spans} spans of ${traces} traces, ${lines} log records`
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
