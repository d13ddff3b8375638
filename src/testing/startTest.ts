import type { AddressInfo } from 'node:net'
import type { ClientClass } from '../client/call/call.ts'
import type { ClientOptions } from '../client/types.ts'
import { optionsProblem, type Fields } from '../config/rule.ts'
import { describeValue } from '../schema/describeValue.ts'
import { either, exactly, flag, record } from '../config/rules.ts'
import type { Contract } from '../contract/contract.ts'
import type { CheckResponse } from '../http/operation/respond.ts'
import { Application } from '../service/application.ts'
import { hint } from '../schema/validator/nearestName.ts'
import { settingsOf } from '../service/definition/config.ts'
import type { FeedEvent } from '../events/cursors.ts'
import type { Definition } from '../service/definition/definition.ts'
import type { AnyPart } from '../service/lifecycle/openParts.ts'
import { authPart } from '../service/parts/auth/auth.ts'
import { clientsOf } from '../service/parts/clients.ts'
import { tracingTo } from '../service/parts/tracing/tracing.ts'
import type { WorkContext } from '../service/request/context.ts'
import { fakeResource, type Resources } from '../service/definition/resource.ts'
import { Service } from '../service/service.ts'
import type { Database } from '../sql/index.ts'
import { MemorySink } from '../trace/export/memory.ts'
import { compileOutputCheck, type TestFailure } from './checks.ts'
import { foreignHttp } from './foreignHttp/foreignHttp.ts'
import { freshDatabases } from './freshDatabases.ts'
import { mockService, type MockedService } from './mock.ts'
import { publishedIn } from './published.ts'
import { JobsUnderTest } from './runJobs.ts'
import type { TestApp, TestOptions } from './testApp.ts'
import { headersOf, testCallers } from './testCaller.ts'
import { errorsThrown, testClient } from './testClient.ts'

/** A service under test that other services may call. */
export interface StartedTest<Tested extends Contract, Ctx> {
  readonly app: TestApp<Tested, Ctx>
  /** The name of its contract. */
  readonly service: string
  /** Its databases by shard; the one outside of the shards has an empty name. */
  readonly stores: ReadonlyMap<string, Database>
  /** Whether it has jobs or subscriptions. */
  readonly hasJobs: boolean
  /** Stores an event of a publisher for the subscriptions to it. */
  receive(publisher: string, event: FeedEvent): Promise<unknown>
  /** Listens on the loopback interface, without registration and workers; resolves to the port. */
  listen(): Promise<number>
}

/** What the services of one test share. */
export interface TestSurroundings {
  /** Broken contracts and calls that are not mocked, of all services. */
  readonly failures: TestFailure[]
  /** Returns the client of a real service; undefined for a service that is mocked. */
  readonly callee: (contract: Contract, options: ClientOptions | undefined) => ClientClass<Contract> | undefined
}

/** Starts a service for a test, optionally next to other services. */
export async function startTest<Tested extends Contract, Ctx = WorkContext>(
  service: Service<Tested, Ctx>,
  {
    seed = false,
    afterStart = false,
    config = {},
    settings = {},
    resources = {},
    http = {},
    ...unknown
  }: TestOptions = {},
  { failures, callee: realCallee }: TestSurroundings = { failures: [], callee: () => undefined },
): Promise<StartedTest<Tested, Ctx>> {
  checkOptions(service as unknown as Service, { seed, afterStart, config, settings, resources, http, ...unknown })
  const { contract, clients = {}, calls = {} } = service.definition
  const fail = (failure: TestFailure): void => void failures.push(failure)
  const mocked = new Map<Contract, MockedService>()
  const classes: Record<string, ClientClass<Contract>> = {}
  for (const [name, callee] of Object.entries(clients)) {
    const real = realCallee(callee, calls[name])
    if (!real) mocked.set(callee, mockService(callee, fail, calls[name]))
    classes[name] = real ?? mocked.get(callee)!.Client
  }

  const foreign = foreignHttp(contract.name, http, fail)
  const databases = await freshDatabases(service, { seed })
  const sink = new MemorySink()
  const queue = new JobsUnderTest()
  // A test keeps the only event loop busy, also with its own client: that is not overload.
  const app = new Application(
    {
      admission: false,
      ...service.definition,
      ...(databases.settings && { database: databases.settings }),
      resources: withFakes(service.definition, resources),
    },
    {
      config: {
        logLevel: 'error',
        databaseUrl: databases.url,
        databaseReplicaUrls: [],
        cookieSecrets: ['of the test kit, which signs no real cookies'],
        ...settings,
        ...config,
      },
      parts: [clientsPart(classes), tracingTo(sink), queue.part, authPart(testCallers)],
      checkResponse: outputChecks(contract, fail),
    },
  )
  const thrown = errorsThrown(app.fastify)
  foreign.begin(app.fastify)
  const stop = async (): Promise<void> => {
    try {
      await foreign.run(() => app.close())
    } finally {
      await foreign.close()
    }
  }
  try {
    await foreign.run(() => app.start())
    if (afterStart) await foreign.run(() => app.afterStart())
    throwFirst(failures)
  } catch (error) {
    await stop().catch(() => {})
    await databases.drop()
    throw error
  }

  const inject: TestApp<Tested>['inject'] = async (request) => {
    const response = await foreign.run(() => app.inject(request))
    throwFirst(failures)
    return response
  }
  const run: TestApp<Tested, Ctx>['run'] = async (fn, options) => {
    const result = await foreign.run(() => app.run(fn as never, options)).finally(() => throwFirst(failures))
    return result as never
  }
  const runAfterStart = async (): Promise<void> => {
    await foreign.run(() => app.afterStart()).finally(() => throwFirst(failures))
  }
  const close = async (): Promise<void> => {
    await stop()
    await databases.drop()
    throwFirst(failures)
  }
  const stores = storesOf(app.db, databases.url !== undefined)
  const tested: TestApp<Tested, Ctx> = {
    client: testClient(contract, inject, thrown),
    as(caller) {
      const headers = headersOf(caller)
      return {
        client: testClient(contract, inject, thrown, headers),
        inject(request) {
          const { headers: own, ...rest } = typeof request === 'string' ? { url: request } : request
          return inject({ ...rest, headers: { ...headers, ...own } })
        },
      }
    },
    mock(callee: Contract) {
      const found = mocked.get(callee)
      if (!found && Object.values(clients).includes(callee)) {
        const name = callee.name
        throw new TypeError(`${contract.name} calls the real ${name} in this test, mock a service outside the system`)
      }
      if (!found) throw new TypeError(`${contract.name} does not call ${callee.name}: add it to its clients`)
      return found.mocks
    },
    http: foreign.mocks,
    get db() {
      if (!app.db) throw new TypeError(`${contract.name} has no database: set database or migrations`)
      return app.db
    },
    fastify: app.fastify,
    get spans() {
      return sink.spans
    },
    inject,
    run,
    afterStart: runAfterStart,
    runJobs: (options) => foreign.run(() => queue.run(options)),
    published: (event) => publishedIn(app.db, event),
    deliver: (event, payload) =>
      foreign.run(() => queue.deliver(service.definition, [...stores.values()][0], event, payload)),
    close,
    [Symbol.asyncDispose]: close,
  }
  const listen = async (): Promise<number> => {
    await foreign.run(() => app.fastify.listen({ host: '127.0.0.1', port: 0 }))
    return (app.fastify.server.address() as AddressInfo).port
  }
  return {
    app: tested,
    service: contract.name,
    stores,
    hasJobs: queue.hasJobs,
    receive: (publisher, event) => queue.receive(service.definition, [...stores.values()][0], publisher, event),
    listen,
  }
}

function storesOf(db: Database | undefined, hasHome: boolean): ReadonlyMap<string, Database> {
  const shards = (db?.shards.names ?? []).map((name): [string, Database] => [name, db!.shard(name)])
  return new Map(db && hasHome ? [['', db], ...shards] : shards)
}

const rules: Fields<TestOptions> = {
  seed: flag,
  afterStart: flag,
  config: record('values of the configuration by name'),
  settings: record('values of settings by name'),
  resources: record('replacements of resources by name'),
  http: either(record('routes by URL'), exactly('real')),
}

function checkOptions(service: Service, options: TestOptions): void {
  if (!(service instanceof Service))
    throw new TypeError(`testService: expected a service, got ${describeValue(service)}`)
  const { definition, name } = service
  const known = settingsOf(definition)
  const unknown = (part: 'config' | 'settings', names: readonly string[]): string | undefined => {
    const wrong = Object.keys(options[part] ?? {}).find((key) => !Object.hasOwn(known, key))
    if (wrong === undefined) return undefined
    const expected = part === 'settings' ? `, expected one of ${names.toSorted().join(', ')}` : hint(wrong, names)
    return `${part}.${wrong}: ${name} has no such setting${expected}`
  }
  const problem =
    optionsProblem(options, rules) ??
    unknown('settings', Object.keys(definition.settings ?? {})) ??
    unknown('config', Object.keys(known))
  if (problem) throw new TypeError(`testService(${name}): ${problem}`)
}

function outputChecks(contract: Contract, fail: (failure: TestFailure) => void): CheckResponse {
  const checks = new Map(Object.keys(contract.operations).map((name) => [name, compileOutputCheck(contract, name)]))
  return (name, value, status) => {
    try {
      checks.get(name)!(value, 'the handler', status)
    } catch (error) {
      fail(error as TestFailure)
    }
  }
}

/** The resources of a service, with replacements. */
function withFakes({ contract, resources = {} }: Definition, fakes: Readonly<Record<string, unknown>>): Resources {
  const replaced = Object.entries(fakes).map(([name, value]) => {
    const real = resources[name]
    if (!real) throw new TypeError(`${contract.name} has no resource ${name} to replace`)
    return [name, fakeResource(real, value)] as const
  })
  return { ...resources, ...Object.fromEntries(replaced) }
}

/** Replaces the part that opens the clients of a service. */
function clientsPart(classes: Readonly<Record<string, ClientClass<Contract>>>): AnyPart {
  return { name: 'clients', open: () => clientsOf(classes) }
}

/** Throws the first failure and clears the list. */
function throwFirst(failures: TestFailure[]): void {
  const [first] = failures.splice(0)
  if (first) throw first
}
