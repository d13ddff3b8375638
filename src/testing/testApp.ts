import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import type { Contract } from '../contract/contract.ts'
import type { ContractEvent, PublishedOf } from '../contract/event.ts'
import type { Config } from '../service/definition/config.ts'
import type { RunOptions } from '../service/definition/hooks.ts'
import type { WorkContext } from '../service/request/context.ts'
import type { Database } from '../sql/index.ts'
import type { RecordedSpan } from '../trace/export/recordedSpan.ts'
import type { ForeignHttp, HttpMocks } from './foreignHttp/types.ts'
import type { JobRun, RunJobsOptions } from './runJobs.ts'
import type { TestCaller } from './testCaller.ts'
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
  /** Replies of hosts that it calls by HTTP, by URL and route; `real` lets all its requests out. Default: none. */
  readonly http?: HttpMocks | 'real'
}

/** A service under test, as one caller sees it. */
export interface AppAs<Tested extends Contract> {
  /** Calls operations as this caller. */
  readonly client: TestClient<Tested>
  /** Sends a raw request as this caller, without a socket. */
  inject(request: InjectOptions | string): Promise<LightMyRequestResponse>
}

/** A service under test: in this process, with its own database, and with mocks instead of other services. */
export interface TestApp<Tested extends Contract, Ctx = WorkContext> {
  /** Calls operations by name. A call rejects with the service's error; the `cause` of a 5xx is what the handler threw. */
  readonly client: TestClient<Tested>
  /**
   * Returns a client that calls as a user. No token and no issuer are needed, and calls to other services of the test
   * are made for the same user.
   *
   * @example
   * const { data } = await app.as({ id: 7, scopes: ['users:read'] }).client.getUser({ params: { id: 7 } })
   */
  as(caller: TestCaller): AppAs<Tested>
  /** Returns the mocks of a service that it calls. */
  mock<Callee extends Contract>(callee: Callee): Mocks<Callee>
  /** What it called by `fetch`, undici and `node:http`, and the mocks of that. */
  readonly http: ForeignHttp
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
  published<Event extends ContractEvent>(event: Event): Promise<readonly PublishedOf<Event>[]>
  /** Gives it an event of another service, and runs what it does then. Resolves to what ran. */
  deliver<Event extends ContractEvent>(event: Event, payload: PublishedOf<Event>): Promise<readonly JobRun[]>
  /** Stops the service and drops its database. Rejects with a failure that no call has reported yet. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
