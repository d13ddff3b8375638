import type { Contract } from '../contract/contract.ts'
import type { WorkContext } from '../service/request/context.ts'
import type { Service } from '../service/service.ts'
import { startTest } from './startTest.ts'
import type { TestApp, TestOptions } from './testApp.ts'

/**
 * Starts a service for a test, with a new, migrated database. Other services are mocks, and there is no network.
 *
 * The test fails on a call that is not mocked, and on a handler or mock that breaks a contract, even if the handler
 * catches the error.
 *
 * @throws {TypeError} when it gets no service, or an option is unknown or invalid
 *
 * @example
 * await using app = await testService(users)
 * app.mock(roleService).getRole.returns({ id: 1, name: 'admin' })
 * const { data } = await app.client.getUser({ params: { id: 1 } })
 */
export async function testService<Tested extends Contract, Ctx = WorkContext>(
  service: Service<Tested, Ctx>,
  options: TestOptions = {},
): Promise<TestApp<Tested, Ctx>> {
  const { app } = await startTest(service, options)
  return app
}
