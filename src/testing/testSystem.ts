import type { ClientClass } from '../client/call/call.ts'
import { clientClass } from '../client/clientClass.ts'
import { Target } from '../client/target/target.ts'
import type { ClientOptions } from '../client/types.ts'
import { describeValue } from '../schema/describeValue.ts'
import { isPlain } from '../config/rules.ts'
import type { Contract } from '../contract/contract.ts'
import type { Instance, Registry } from '../discovery/registry.ts'
import { Service } from '../service/service.ts'
import { Certificates } from '../tls/certificates.ts'
import type { TestFailure } from './checks.ts'
import { EventsBetween, type SystemJobRun } from './eventsBetween.ts'
import { withKnownNames } from './knownNames.ts'
import { startTest, type StartedTest } from './startTest.ts'
import type { TestApp, TestOptions } from './testApp.ts'
import { testServiceToken } from './testCaller.ts'

/** Services under test, by the names that the test uses. */
export type TestedServices = Readonly<Record<string, Service<Contract, unknown>>>

/** Real services under test, by name: each has a client, a database, spans, and mocks of services outside the system. */
export type TestSystem<Services extends TestedServices> = {
  readonly [Name in keyof Services]: Services[Name] extends Service<infer Tested, infer Ctx>
    ? TestApp<Tested, Ctx>
    : never
} & {
  /**
   * Gives each service the events that others have published since the last call, and runs its jobs that are due, until there are
   * no new events. Resolves to what ran.
   */
  deliverEvents(): Promise<readonly SystemJobRun[]>
  /** Stops all services and drops their databases. Rejects with a failure that no call has reported yet. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts real services for a test, in this process. They call each other over sockets. Services outside the system are
 * mocked. Each service has a new, migrated database.
 *
 * @throws {TypeError} when two services have the same contract, or an option is wrong
 *
 * @example
 * await using system = await testSystem({ catalog, orders })
 * system.orders.mock(pspService).charge.returns({ id: 'ch_1' })
 * await system.orders.client.placeOrder({ body: { sku: 'a', quantity: 1 } })
 */
export async function testSystem<const Services extends TestedServices>(
  services: Services,
  options: { readonly [Name in keyof Services]?: TestOptions } = {},
): Promise<TestSystem<Services>> {
  checkServices(services, options)
  const failures: TestFailure[] = []
  const wires = new Wires(Object.values(services).map(({ name }) => name))
  const started = new Map<string, StartedTest<Contract, unknown>>()
  const events = new EventsBetween(started)
  const close = async (): Promise<void> => {
    await wires.close()
    const closed = await Promise.allSettled([...started.values()].map(({ app }) => app.close()))
    for (const one of closed) if (one.status === 'rejected') throw one.reason
  }
  try {
    const apps: Record<string, unknown> = {
      deliverEvents: () => events.deliver(),
      close,
      [Symbol.asyncDispose]: close,
    }
    for (const [name, service] of Object.entries(services)) {
      const one = await startTest<Contract, unknown>(
        service,
        { ...options[name], afterStart: false },
        {
          failures,
          callee: (contract, ofCalls) => wires.client(contract, service.name, ofCalls),
        },
      )
      started.set(name, one)
      apps[name] = one.app
      wires.add(service.name, await one.listen())
    }
    // Only now can all services be called.
    for (const [name, { app }] of started) {
      if (options[name]?.afterStart) await app.afterStart()
    }
    return withKnownNames('testSystem has no service', apps, Object.keys(services)) as TestSystem<Services>
  } catch (error) {
    await close().catch(() => {})
    throw error
  }
}

/** The connections between the services of a system. */
class Wires {
  readonly #names: readonly string[]
  readonly #ports = new Map<string, number>()
  readonly #watches = new Set<() => void>()
  readonly #targets: Target[] = []
  readonly #certificates = new Certificates()
  readonly #registry: Registry

  constructor(names: readonly string[]) {
    this.#names = names
    this.#registry = {
      register: () => Promise.resolve(() => Promise.resolve()),
      watch: (service, onChange) => {
        const notify = (): void => {
          const port = this.#ports.get(service)
          if (port !== undefined) onChange([instanceAt(service, port)])
        }
        this.#watches.add(notify)
        notify()
        return () => void this.#watches.delete(notify)
      },
    }
  }

  /** Returns the client of a service of the system for another one; undefined for a service that is in no system. */
  client(contract: Contract, caller: string, options: ClientOptions = {}): ClientClass<Contract> | undefined {
    if (!this.#names.includes(contract.name)) return undefined
    const target = new Target(contract, this.#registry, options, {}, this.#certificates)
    this.#targets.push(target)
    return clientClass(contract, target, { ...options, serviceToken: () => testServiceToken(caller) })
  }

  /** Announces the port of a service. */
  add(service: string, port: number): void {
    this.#ports.set(service, port)
    for (const notify of this.#watches) notify()
  }

  async close(): Promise<void> {
    await Promise.all(this.#targets.map((target) => target[Symbol.asyncDispose]()))
    this.#certificates.close()
  }
}

function instanceAt(service: string, port: number): Instance {
  return { id: `${service}@127.0.0.1:${port}`, service, address: '127.0.0.1', port }
}

/** The members of a system that are no services. */
const members: Readonly<Record<string, string>> = {
  close: 'stops the system',
  deliverEvents: 'delivers events between the services',
}

function checkServices(services: TestedServices, options: object): void {
  const fail = (problem: string): never => {
    throw new TypeError(`testSystem: ${problem}`)
  }
  if (!isPlain(services))
    fail(`expected services by name, like { orders: orderService }, got ${describeValue(services)}`)
  const named = new Map<string, string>()
  for (const [name, service] of Object.entries(services)) {
    if (!(service instanceof Service)) fail(`${name}: expected a service, got ${describeValue(service)}`)
    if (Object.hasOwn(members, name)) fail(`a service cannot be named ${name}, which ${members[name]}`)
    const other = named.get(service.name)
    if (other !== undefined) fail(`${other} and ${name} are the same service, ${service.name}`)
    named.set(service.name, name)
  }
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(services, name))
  if (unknown !== undefined)
    fail(`unknown service "${unknown}" in options, expected ${Object.keys(services).join(', ')}`)
}
