import { parseArgs } from 'node:util'
import { ServiceProcess } from './dev/child.ts'
import { openDatabases, prepareDatabase } from './dev/database.ts'
import { Interrupt } from './dev/interrupt.ts'
import { planServices, type PlannedService } from './dev/plan.ts'
import { checkPorts } from './dev/ports.ts'
import { openRegistry } from './dev/registry.ts'
import { Screen } from './dev/screen.ts'
import { summary } from './dev/summary.ts'
import { openTraces } from './dev/traces.ts'
import { watchServices } from './dev/watch.ts'

/**
 * `tricube dev [dir…]`: runs the services of these folders, each as its own process over its own database, and reloads
 * them on change, until Ctrl-C.
 */
export async function devCommand(argv: string[]): Promise<number> {
  const { positionals } = parseArgs({ args: argv, allowPositionals: true })
  const roots = positionals.length > 0 ? positionals : ['.']
  const began = performance.now()
  const screen = new Screen(process.stdout)
  const interrupt = new Interrupt()
  const cleanups: (() => Promise<void>)[] = []
  try {
    const services = await screen.step('reading the services', interrupt.guard(planServices(roots)))
    await interrupt.guard(checkPorts(services))

    const databases = await screen.step('starting PostgreSQL', openDatabases(services))
    cleanups.push(() => databases.stop())
    const registry = await openRegistry()
    cleanups.push(() => registry.stop())
    const traces = await openTraces((tree) => screen.info(tree), process.env)
    cleanups.push(() => traces.stop())
    interrupt.check()
    const prepare = async (service: PlannedService): Promise<void> =>
      prepareDatabase(service, await databases.url(service))
    await screen.step('preparing the databases', interrupt.guard(Promise.all(services.map(prepare))))

    const children = await Promise.all(
      services.map(async (service) => {
        const env = { DATABASE_URL: await databases.url(service), CONSUL_HTTP_ADDR: registry.url, ...traces.env }
        return new ServiceProcess(service, env, screen)
      }),
    )
    interrupt.onForce(() => children.forEach((child) => child.kill()))
    cleanups.push(async () => void (await Promise.all(children.map((child) => child.close()))))
    await screen.step('starting the services', interrupt.guard(Promise.all(children.map((child) => child.start()))))

    const watcher = await watchServices(roots, children, { prepare, screen })
    cleanups.push(() => watcher.close())
    screen.print(summary(children, databases, registry, performance.now() - began))
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
