import type { AddressInfo } from 'node:net'
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import { compileRequest, type AnyInput, type ClientClass } from '../client/call/call.ts'
import { compileDecoder } from '../client/call/decode.ts'
import type { CallOptions, ClientOptions } from '../client/types.ts'
import type { Contract } from '../contract/contract.ts'
import { responseForm } from '../contract/response.ts'
import { Application } from '../service/application.ts'
import { optionsProblem, describeValue, type Fields } from '../config/rule.ts'
import { flag, record } from '../config/rules.ts'
import { settingsOf, type Config } from '../service/config.ts'
import type { AnyPart } from '../service/lifecycle/openParts.ts'
import { clientsOf } from '../service/parts/clients.ts'
import type { Definition } from '../service/definition.ts'
import { fakeResource, type Resources } from '../service/resource.ts'
import { tracingTo } from '../service/parts/tracing/tracing.ts'
import type { RunOptions } from '../service/hooks.ts'
import type { WorkContext } from '../service/request/context.ts'
import { Service } from '../service/service.ts'
import type { Database } from '../sql/index.ts'
import { MemorySink } from '../trace/export/memory.ts'
import type { RecordedSpan } from '../trace/export/recordedSpan.ts'
import type { TestFailure } from './checks.ts'
import { compileOutputCheck } from './checks.ts'
import { mockService, type MockedService } from './mock.ts'
import { freshDatabases } from './freshDatabases.ts'
import type { ContractEvent, PayloadOf } from '../contract/event.ts'
import { publishedIn } from './published.ts'
import { JobsUnderTest, type JobRun, type RunJobsOptions } from './runJobs.ts'
import type { Mocks, TestClient } from './types.ts'

/** Options of `testService`. */
export interface TestOptions {
  /** Whether to run the service's seed on the new database. Default: false. */
  readonly seed?: boolean
  /** Whether to run the hook `afterStart`. If it calls mocks, use `app.afterStart()` instead. Default: false. */
  readonly afterStart?: boolean
  /** Configuration values that replace those of the environment. */
  readonly config?: Partial<Config>
  /** Values of the service's own settings that replace those of the environment. */
  readonly settings?: Readonly<Record<string, unknown>>
  /** Replacements of the service's resources, by name; the real ones are not opened. */
  readonly resources?: Readonly<Record<string, unknown>>
}

/** A service under test: in this process, with its own database, and with mocks instead of other services. */
export interface TestApp<Tested extends Contract, Ctx = WorkContext> {
  /** Calls operations by name. A call rejects with the service's error; the `cause` of a 5xx is what the handler threw. */
  readonly client: TestClient<Tested>
  /** Returns the mocks of a service that it calls. */
  mock<Callee extends Contract>(callee: Callee): Mocks<Callee>
  /** Its database. */
  readonly db: Database
  readonly fastify: FastifyInstance
  /** The spans that have ended, in that order. */
  readonly spans: readonly RecordedSpan[]
  /** Sends a raw request, without a socket. */
  inject(request: InjectOptions | string): Promise<LightMyRequestResponse>
  /** Runs a function with a context of the service, like `service.run`. */
  run<Result>(fn: (context: Ctx) => Result | Promise<Result>, options?: RunOptions): Promise<Result>
  /** Runs the hook `afterStart`, once you have mocked what it calls. */
  afterStart(): Promise<void>
  /**
   * Runs the jobs that are due. With `forMs` it moves their clock on and also runs those that become due by then, without
   * waiting. Resolves to the attempts.
   */
  runJobs(options?: RunJobsOptions): Promise<readonly JobRun[]>
  /** What it has published of an event, in order. */
  published<Event extends ContractEvent>(event: Event): Promise<readonly PayloadOf<Event>[]>
  /** Gives it an event of another service, and runs what it does then. Resolves to what ran. */
  deliver<Event extends ContractEvent>(event: Event, payload: PayloadOf<Event>): Promise<readonly JobRun[]>
  /** Stops the service and drops its database. Rejects with a failure that no call has reported yet. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a service for a test, with a new, migrated database. Other services are mocks, and there is no network.
 *
 * The test fails on a call that is not mocked, and on a handler or mock that breaks a contract, even if the handler
 * catches the error.
 *
 * @example
 * const app = await testService(userService)
 * app.mock(roleContract).getRole.returns({ id: 1, name: 'admin' })
 * const { data } = await app.client.getUser({ params: { id: 1 } })
 */
export async function testService<Tested extends Contract, Ctx = WorkContext>(
  service: Service<Tested, Ctx>,
  options: TestOptions = {},
): Promise<TestApp<Tested, Ctx>> {
  const { app } = await startTest(service, options)
  return app
}

/** A service under test that other services may call. */
export interface StartedTest<Tested extends Contract, Ctx> {
  readonly app: TestApp<Tested, Ctx>
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
  { seed = false, afterStart = false, config = {}, settings = {}, resources = {}, ...unknown }: TestOptions = {},
  { failures, callee: realCallee }: TestSurroundings = { failures: [], callee: () => undefined },
): Promise<StartedTest<Tested, Ctx>> {
  checkOptions(service as unknown as Service, { seed, afterStart, config, settings, resources, ...unknown })
  const { contract, clients = {}, calls = {} } = service.definition
  const fail = (failure: TestFailure): void => void failures.push(failure)
  const mocked = new Map<Contract, MockedService>()
  const classes: Record<string, ClientClass<Contract>> = {}
  for (const [name, callee] of Object.entries(clients)) {
    const real = realCallee(callee, calls[name])
    if (!real) mocked.set(callee, mockService(callee, fail, calls[name]))
    classes[name] = real ?? mocked.get(callee)!.Client
  }

  const databases = await freshDatabases(service, seed)
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
      config: { logLevel: 'error', databaseUrl: databases.url, databaseReplicaUrls: [], ...settings, ...config },
      parts: [clientsPart(classes), tracingTo(sink), queue.part],
      checkResponse: outputChecks(contract, fail),
    },
  )
  const thrown = errorsThrown(app.fastify)
  try {
    await app.start()
    if (afterStart) await app.afterStart()
    throwFirst(failures)
  } catch (error) {
    await app.close().catch(() => {})
    await databases.drop()
    throw error
  }

  const inject: TestApp<Tested>['inject'] = async (request) => {
    const response = await app.inject(request)
    throwFirst(failures)
    return response
  }
  const run: TestApp<Tested, Ctx>['run'] = async (fn, options) => {
    const result = await app.run(fn as never, options).finally(() => throwFirst(failures))
    return result as never
  }
  const runAfterStart = async (): Promise<void> => {
    await app.afterStart().finally(() => throwFirst(failures))
  }
  const close = async (): Promise<void> => {
    await app.close()
    await databases.drop()
    throwFirst(failures)
  }
  const tested: TestApp<Tested, Ctx> = {
    client: testClient(contract, inject, thrown),
    mock<Callee extends Contract>(callee: Callee) {
      const found = mocked.get(callee)
      if (!found && Object.values(clients).includes(callee)) {
        const name = callee.name
        throw new TypeError(`${contract.name} calls the real ${name} in this test, mock a service outside the system`)
      }
      if (!found) throw new TypeError(`${contract.name} does not call ${callee.name}: add it to its clients`)
      return found.mocks as Mocks<Callee>
    },
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
    runJobs: (options) => queue.run(options),
    published: (event) => publishedIn(app.db, event),
    deliver: (event, payload) => queue.deliver(service.definition, app.db, event, payload),
    close,
    [Symbol.asyncDispose]: close,
  }
  const listen = async (): Promise<number> => {
    await app.fastify.listen({ host: '127.0.0.1', port: 0 })
    return (app.fastify.server.address() as AddressInfo).port
  }
  return { app: tested, listen }
}

const rules: Fields<TestOptions> = {
  seed: flag,
  afterStart: flag,
  config: record('values of the configuration by name'),
  settings: record('values of settings by name'),
  resources: record('replacements of resources by name'),
}

function checkOptions(service: Service, options: TestOptions): void {
  if (!(service instanceof Service))
    throw new TypeError(`testService: expected a service, got ${describeValue(service)}`)
  const { definition, name } = service
  const own = definition.settings ?? {}
  const wrong = Object.keys(options.settings ?? {}).find((key) => !Object.hasOwn(settingsOf(definition), key))
  const problem =
    optionsProblem(options, rules) ??
    (wrong && `settings.${wrong}: ${name} has no such setting, expected one of ${Object.keys(own).sort().join(', ')}`)
  if (problem) throw new TypeError(`testService(${name}): ${problem}`)
}

function outputChecks(
  contract: Contract,
  fail: (failure: TestFailure) => void,
): (name: string, value: unknown) => void {
  const checks = new Map(Object.keys(contract.operations).map((name) => [name, compileOutputCheck(contract, name)]))
  return (name, value) => {
    try {
      checks.get(name)!(value, 'the handler')
    } catch (error) {
      fail(error as TestFailure)
    }
  }
}

/** Collects thrown errors by request ID, because a 500 does not contain its cause. */
function errorsThrown(fastify: FastifyInstance): Map<unknown, Error> {
  const thrown = new Map<unknown, Error>()
  fastify.addHook('onError', (request, _reply, error, done) => {
    thrown.set(request.id, error)
    done()
  })
  return thrown
}

function testClient<Tested extends Contract>(
  contract: Tested,
  inject: (request: InjectOptions) => Promise<LightMyRequestResponse>,
  thrown: Map<unknown, Error>,
): TestClient<Tested> {
  const calls = Object.entries(contract.operations).map(([name, operation]) => {
    const form = responseForm(operation)
    const build = compileRequest(contract, name)
    const decode = compileDecoder(contract, name)
    const call = async (input?: AnyInput, options?: CallOptions): Promise<unknown> => {
      const { method, path, headers, body } = build({}, input, options)
      const response = await inject({ method, url: path, headers, ...(body !== undefined && { payload: body }) })
      const { statusCode: status, headers: received } = response
      let value: unknown
      try {
        value = decode({ status, headers: received as Record<string, string>, body: response.body })
      } catch (error) {
        const cause = status >= 500 ? thrown.get(received['x-request-id']) : undefined
        if (cause) (error as Error).cause = cause
        throw error
      }
      return { status, headers: received, ...form.wrap(value) }
    }
    return [name, call]
  })
  return Object.fromEntries(calls) as TestClient<Tested>
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
