import type { AnyInput, Caller, ClientClass } from '../client/call/call.ts'
import { BoundClient, type CompiledCall } from '../client/boundClient.ts'
import { addHeaders, headerName } from '../client/call/headers.ts'
import { keyed } from '../client/keyed.ts'
import type { CallOptions, ClientOptions, RawResult } from '../client/types.ts'
import type { Contract } from '../contract/contract.ts'
import { HttpError } from '../contract/httpError.ts'
import { responseForm } from '../contract/response.ts'
import { parseRoute } from '../contract/route.ts'
import { asJson } from '../schema/validator/json.ts'
import { callShape, withCallSpan } from '../trace/callSpan.ts'
import { recordOf } from '../trace/recordOf.ts'
import { compileInputCheck, compileOutputCheck, TestFailure } from './checks.ts'
import type { Mocks } from './types.ts'

/** The mock of one service: what a test holds, and the client class that handlers get. */
export interface MockedService {
  readonly mocks: Mocks<Contract>
  readonly Client: ClientClass<Contract>
}

/** Creates the mock of a service. `fail` gets each failure of the test, also when the handler catches it. */
export function mockService(
  contract: Contract,
  fail: (failure: TestFailure) => void,
  { forward = [] }: Pick<ClientOptions, 'forward'> = {},
): MockedService {
  const mocks: Record<string, unknown> = {}
  class MockClient extends BoundClient {}
  for (const [name, { status = 200 }] of Object.entries(contract.operations)) {
    const { mock, call } = mockOperation(contract, name, fail)
    const inSpan = compileSpan(contract, name)
    const received = compileReceived(forward)
    const run: CompiledCall['run'] = async (caller, input, options) =>
      inSpan(caller, () => call(received(caller, input, options)))
    mocks[name] = mock
    const compiled = keyed(contract, name, {
      run,
      async raw(caller, input, options) {
        const value = (await run(caller, input, options)) as RawResult['value']
        return { status, headers: {}, value }
      },
    })
    Object.defineProperty(MockClient.prototype, name, BoundClient.operation(compiled))
  }
  return { mocks: mocks as Mocks<Contract>, Client: MockClient as unknown as ClientClass<Contract> }
}

/** Compiles what a call would have sent: its input, the headers that it has or forwards, and its idempotency key. */
function compileReceived(
  forward: readonly string[],
): (caller: Caller, input?: AnyInput, options?: CallOptions) => AnyInput {
  const names = forward.map(headerName)
  return (caller, input = {}, { headers: extra = {}, idempotencyKey } = {}) => {
    const headers: Record<string, string> = {}
    for (const name of names) addHeaders(headers, { [name]: caller.received?.(name) })
    Object.assign(headers, input.headers)
    addHeaders(headers, extra)
    return {
      ...input,
      ...(Object.keys(headers).length > 0 && { headers }),
      ...(idempotencyKey !== undefined && { idempotencyKey }),
    }
  }
}

/** Compiles the span that a real call would have had; an `HttpError` counts as the response with its status. */
function compileSpan(
  contract: Contract,
  name: string,
): <Value>(caller: Caller, call: () => Promise<Value>) => Promise<Value> {
  const { route, status = 200 } = contract.operations[name]!
  const { method, path } = parseRoute(route)
  const shape = callShape(contract.name, name, method, path)
  return async ({ span: parent }, call) => {
    if (!parent?.isRecorded) return call()
    const span = recordOf(parent).child(shape)
    const value = call()
    const response = value.then(
      () => ({ status }),
      (error: unknown) => {
        if (error instanceof HttpError) return { status: error.status }
        throw error
      },
    )
    await withCallSpan(span, response).catch(() => {})
    return value
  }
}

type Implementation = (input: AnyInput) => unknown

function mockOperation(
  contract: Contract,
  name: string,
  fail: (failure: TestFailure) => void,
): { mock: unknown; call: (input?: AnyInput) => Promise<unknown> } {
  const title = `${contract.name}.${name}`
  const form = responseForm(contract.operations[name]!)
  const checkInput = compileInputCheck(contract, name)
  const checkOutput = compileOutputCheck(contract, name)
  const calls: AnyInput[] = []
  let implementation: Implementation = () => {
    throw new TestFailure(`${title} was called, but the test has not mocked it: add app.mock(…).${name}.returns(…)`)
  }
  return {
    mock: {
      calls,
      returns: (value: unknown) => void (implementation = () => value),
      throws: (error: Error) =>
        void (implementation = () => {
          throw error
        }),
      implement: (fn: Implementation) => void (implementation = fn),
    },
    async call(input = {}) {
      try {
        checkInput(input)
        calls.push(input)
        const value = await implementation(input)
        checkOutput(value, 'the mock')
        return asJson(form.result(value, input.query))
      } catch (error) {
        if (error instanceof TestFailure) fail(error)
        throw error
      }
    },
  }
}
