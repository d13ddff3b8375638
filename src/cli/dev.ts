import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { otherSettings } from '../config/load.ts'
import { ServiceProcess } from './dev/child.ts'
import { dashboardOptions, openBrowser, openDevDashboard } from './dev/dashboard.ts'
import { openDatabases, prepareDatabase } from './dev/database.ts'
import { EnvFile } from './dev/envFile.ts'
import { DevLogin } from './dev/issuer.ts'
import { lockFolder } from './dev/folderLock.ts'
import { Interrupt } from './dev/interrupt.ts'
import { onParentExit } from './dev/parent.ts'
import { planFiles, planServices, type PlannedService } from './dev/plan.ts'
import { checkPorts } from './dev/ports.ts'
import { openRegistry } from './dev/registry.ts'
import { Screen } from './dev/screen.ts'
import { DevServiceKeys } from './dev/serviceKeys.ts'
import { serviceTable, summary } from './dev/summary.ts'
import { openTraces } from './dev/traces.ts'
import { watchServices } from './dev/watch.ts'
import { failureLine } from './failure.ts'
import { displayPath } from './load-service.ts'

/**
 * `tricube dev [dir…]`: runs the services in these folders until Ctrl-C and restarts them on change.
 *
 * Each service gets its own process and its own database.
 */
export async function devCommand(argv: string[]): Promise<number> {
  const { positionals, values } = parseArgs({
    args: argv,
    allowPositionals: true,
    allowNegative: true,
    options: dashboardOptions,
  })
  const roots = positionals.length > 0 ? positionals : ['.']
  const began = performance.now()
  const screen = new Screen(process.stdout)
  const envFile = new EnvFile(resolve('.env'), process.env, (line) => screen.warn(line))
  envFile.read()
  const interrupt = new Interrupt()
  onParentExit(() => {
    screen.print('tricube dev stops: its parent process has ended')
    interrupt.request()
  })
  const cleanups: (() => Promise<void>)[] = []
  try {
    const services = await screen.step('reading the services', interrupt.guard(planServices(roots)))
    const lock = await lockFolder('.')
    cleanups.push(() => lock.release())
    await interrupt.guard(checkPorts(services))

    const databases = await screen.step('starting PostgreSQL', openDatabases(services, screen))
    cleanups.push(() => databases.stop())
    const registry = await openRegistry()
    cleanups.push(() => registry.stop())
    const login = new DevLogin()
    cleanups.push(() => login.stop())
    const serviceKeys = new DevServiceKeys()
    const children: ServiceProcess[] = []
    const dashboard = await openDevDashboard(values, {
      services,
      children,
      databases,
      envFile,
      screen,
      tokenOf: (user) => login.tokenOf(user),
    })
    cleanups.push(() => dashboard.close())
    const traces = await openTraces(
      (tree) => screen.print(screen.paint('dim', tree)),
      process.env,
      (spans) => dashboard.addZipkin(spans),
    )
    cleanups.push(() => traces.stop())
    interrupt.check()

    shareSettings(services)
    interrupt.onForce(() => children.forEach((child) => child.kill()))
    cleanups.push(async () => void (await Promise.all(children.map((child) => child.close()))))
    const environments: Record<string, NodeJS.ProcessEnv> = {}
    const processOf = async (service: PlannedService): Promise<ServiceProcess> => {
      const env = {
        DATABASE_URL: await databases.url(service),
        CONSUL_HTTP_ADDR: registry.url,
        ...traces.env,
        ...(await login.environmentOf(service)),
        ...(await serviceKeys.environmentOf(service)),
      }
      environments[service.name] = env
      return new ServiceProcess(service, env, screen)
    }
    const prepare = async (child: ServiceProcess): Promise<void> => {
      const before = child.problem
      const work = databases.url(child.service).then((url) => prepareDatabase(child.service, url))
      child.problem = await work.then(() => undefined, failureLine)
      if (child.problem === before) return
      if (child.problem !== undefined) screen.warn(child.problem)
      else screen.info(`${child.service.name}: the database is up to date again`)
    }
    children.push(...(await Promise.all(services.map(processOf))))
    await lock.publish(environments)
    await screen.step('preparing the databases', interrupt.guard(Promise.all(children.map(prepare))))
    await screen.step('starting the services', interrupt.guard(Promise.all(children.map((child) => child.start()))))

    const add = async (file: string): Promise<void> => {
      const [service] = await planFiles(
        [file],
        children.map((child) => child.service),
      )
      await checkPorts([service!])
      shareSettings([...children.map((child) => child.service), service!])
      const child = await processOf(service!)
      children.push(child)
      await lock.publish(environments)
      await prepare(child)
      await child.start()
      screen.print(`\n${service!.name} was added:\n${serviceTable(children, databases)}\n`)
    }
    const remove = async (child: ServiceProcess): Promise<void> => {
      const { name, file } = child.service
      children.splice(children.indexOf(child), 1)
      delete environments[name]
      await lock.publish(environments)
      await child.close()
      screen.info(`${name} was stopped: ${displayPath(file)} is gone`)
    }
    const watcher = await watchServices({ roots, children, envFile, screen, prepare, add, remove })
    cleanups.push(() => watcher.close())
    screen.print(
      summary(
        children,
        databases,
        registry,
        { dashboardUrl: dashboard.url, issuerUrl: login.url },
        performance.now() - began,
      ),
    )
    if (values.open) openBrowser(dashboard.url)
    await interrupt.guard(new Promise<never>(() => {}))
    return 0
  } catch (error) {
    if (error !== interrupt.reason) throw error
    return 0
  } finally {
    const stop = async (): Promise<void> => {
      for (const cleanup of cleanups.reverse()) await cleanup()
    }
    if (cleanups.length > 0) await screen.step('stopping', stop())
    screen.close()
  }
}

/** Tells each service the settings of all: they share a configuration file. */
function shareSettings(services: readonly PlannedService[]): void {
  process.env[otherSettings] = [...new Set(services.flatMap(({ settings }) => settings))].join(',')
}
