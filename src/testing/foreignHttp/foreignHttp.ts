import type { FastifyInstance } from 'fastify'
import type { TestFailure } from '../checks.ts'
import { intercept, mocked } from './intercept.ts'
import { ForeignHttpMocks } from './mocks.ts'
import type { ForeignHttp, HttpMocks } from './types.ts'

/** The HTTP requests of one service under test. */
export interface ForeignHttpOfTest {
  readonly mocks: ForeignHttp
  /** Runs code of the service: its requests, also later ones, go to the mocks. */
  run<Result>(fn: () => Result): Result
  /** From now on, what a request to the service sends goes to the mocks, too. */
  begin(fastify: FastifyInstance): void
  close(): Promise<void>
}

/**
 * Mocks what a service calls by HTTP. Each service has its own mocks, also when several run at a time. Nothing else in the
 * process is affected.
 *
 * @throws {TypeError} when a URL or a route is wrong
 */
export function foreignHttp(
  service: string,
  http: HttpMocks | 'real',
  fail: (failure: TestFailure) => void,
): ForeignHttpOfTest {
  const mocks = new ForeignHttpMocks(service, http, fail)
  let restore: (() => void) | undefined
  const run: ForeignHttpOfTest['run'] = (fn) => mocked.run(mocks, fn)
  return {
    mocks,
    run,
    begin(fastify) {
      restore = intercept()
      fastify.addHook('onRequest', (_request, _reply, done) => run(done))
      // A body that came over a socket was read in the context of the connection.
      fastify.addHook('preHandler', (_request, _reply, done) => run(done))
    },
    async close() {
      restore?.()
      await mocks.close()
    },
  }
}
