import { readFile } from 'node:fs/promises'
import type { AnyInput, Caller, ClientClass } from '../client/call/call.ts'
import { BoundClient, type CompiledCall } from '../client/boundClient.ts'
import { checkCallOptions, checkInputParts } from '../client/call/callOptions.ts'
import { addHeaders, headerName } from '../client/call/headers.ts'
import { keyed } from '../client/keyed.ts'
import type { CallOptions, ClientOptions, RawResult } from '../client/types.ts'
import type { Contract } from '../contract/contract.ts'
import { HttpError } from '../contract/httpError.ts'
import { responseForm } from '../contract/response.ts'
import { usualStatus } from '../contract/responses.ts'
import { fileTypeOf, type FileContent } from '../contract/file.ts'
import { parseRoute } from '../contract/route.ts'
import { asJson } from '../schema/validator/json.ts'
import { callTemplate, withCallSpan } from '../trace/callSpan.ts'
import { recordOf } from '../trace/recordOf.ts'
import type { SpanTemplate } from '../trace/spanTemplate.ts'
import { compileInputCheck, compileOutputCheck, TestFailure } from './checks.ts'
import { withKnownNames } from './knownNames.ts'
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
  for (const [name, { paginated, body, returns }] of Object.entries(contract.operations)) {
    const { mock, call } = mockOperation(contract, name, fail)
    const template = templateOf(contract, name)
    const received = compileReceived(`${contract.name}.${name}`, { hasBody: body !== undefined }, forward)
    const raw: CompiledCall['raw'] = async (caller, input, options) =>
      inSpan(template, caller, () => call(received(caller, input, options)))
    mocks[name] = mock
    const compiled = keyed(contract, name, {
      hasCursor: paginated === 'cursor',
      run: async (caller, input, options) => (await raw(caller, input, options)).value,
      raw,
      stream:
        fileTypeOf(returns) === undefined
          ? undefined
          : async (...call) => {
              const { value, ...response } = await raw(...call)
              return { ...response, value: (value as unknown as Blob).stream() }
            },
    })
    Object.defineProperty(MockClient.prototype, name, BoundClient.operation(compiled))
  }
  return {
    mocks: withKnownNames(`${contract.name} has no operation`, mocks) as Mocks<Contract>,
    Client: MockClient as unknown as ClientClass<Contract>,
  }
}

/** Compiles what a call would have sent: its input, the headers that it has or forwards, and its idempotency key. */
function compileReceived(
  title: string,
  form: { readonly hasBody: boolean },
  forward: readonly string[],
): (caller: Caller, input?: AnyInput, options?: CallOptions) => AnyInput {
  const names = forward.map((name) => headerName(title, name))
  return (caller, input = {}, options = {}) => {
    checkInputParts(title, input, form)
    checkCallOptions(title, options)
    const { headers: extra = {}, idempotencyKey } = options
    const headers: Record<string, string> = {}
    for (const name of names) addHeaders(title, headers, { [name]: caller.received?.(name) })
    Object.assign(headers, input.headers)
    addHeaders(title, headers, extra)
    return {
      ...input,
      ...(Object.keys(headers).length > 0 && { headers }),
      ...(idempotencyKey !== undefined && { idempotencyKey }),
    }
  }
}

function templateOf(contract: Contract, name: string): SpanTemplate {
  const { method, path } = parseRoute(contract.operations[name]!.route)
  return callTemplate(contract.name, name, method, path)
}

/** Makes the call in the span that a real one would have had; an `HttpError` counts as the response with its status. */
async function inSpan(
  template: SpanTemplate,
  { span: parent }: Caller,
  call: () => Promise<RawResult>,
): Promise<RawResult> {
  if (!parent?.isRecorded) return call()
  const span = recordOf(parent).child(template)
  const value = call()
  const response = value.then(
    ({ status }) => ({ status }),
    (error: unknown) => {
      if (error instanceof HttpError) return { status: error.status }
      throw error
    },
  )
  await withCallSpan(span, response).catch(() => {})
  return value
}

/** Returns what a caller gets for a file. */
async function blobOf({ content, type }: FileContent, usualType: string | undefined): Promise<Blob> {
  const parts: (string | Uint8Array | Blob)[] = []
  if (typeof content === 'string' || content instanceof Uint8Array || content instanceof Blob) parts.push(content)
  else if ('path' in content) parts.push(await readFile(content.path))
  else for await (const chunk of content as AsyncIterable<string | Uint8Array>) parts.push(chunk)
  return new Blob(parts, { type: type ?? usualType ?? '' })
}

/** What a mock responds with. */
interface MockReply {
  readonly status?: number
  readonly headers?: Readonly<Record<string, unknown>>
  readonly value?: unknown
}
type Implementation = (input: AnyInput) => MockReply | Promise<MockReply>

function mockOperation(
  contract: Contract,
  name: string,
  fail: (failure: TestFailure) => void,
): { mock: unknown; call: (input?: AnyInput) => Promise<RawResult> } {
  const title = `${contract.name}.${name}`
  const form = responseForm(contract.operations[name]!)
  const usual = usualStatus(contract.operations[name]!)
  const type = fileTypeOf(contract.operations[name]!.returns)
  const checkInput = compileInputCheck(contract, name)
  const checkOutput = compileOutputCheck(contract, name)
  const calls: AnyInput[] = []
  let implementation: Implementation = () => {
    throw new TestFailure(`${title} was called, but the test has not mocked it: add app.mock(…).${name}.returns(…)`)
  }
  return {
    mock: withKnownNames(`${title}: a mock has no`, {
      calls,
      returns: (value: unknown) => void (implementation = () => ({ value })),
      responds: (reply: MockReply) => void (implementation = () => reply),
      throws: (error: Error) =>
        void (implementation = () => {
          throw error
        }),
      implement: (fn: (input: AnyInput) => unknown) =>
        void (implementation = async (input) => ({ value: await fn(input) })),
    }),
    async call(input = {}) {
      try {
        checkInput(input)
        calls.push(input)
        const { value, status, headers = {} } = await implementation(input)
        if (status === 304) return { status, headers, value: undefined } as unknown as RawResult
        const output = checkOutput(value, 'the mock', status)
        const isUsual = status === undefined || status === usual
        const isFile = isUsual && form.name === 'file'
        const result = isFile
          ? await blobOf(value as FileContent, type)
          : asJson(isUsual ? form.result(output, input.query) : output)
        return { status: status ?? usual, headers, value: result } as RawResult
      } catch (error) {
        if (error instanceof TestFailure) fail(error)
        throw error
      }
    },
  }
}
