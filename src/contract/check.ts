import { describeValue } from '../schema/describeValue.ts'
import { unknownOption } from './unknownOption.ts'
import { accessProblem, authProblem, forgottenAuth } from './auth.ts'
import { deprecationProblem } from './deprecation.ts'
import type { Operations } from './operation.ts'
import { operationProblem } from './operationProblem.ts'
import { optionNames, type ContractOptions } from './options.ts'

/**
 * The error of an invalid contract. Its message is one line that names the operation.
 *
 * @example
 * try {
 *   contract('user-service', { getUser: { route: 'GET users' as `GET /${string}` } })
 * } catch (error) {
 *   if (error instanceof ContractError) console.error(error.message)
 * }
 */
export class ContractError extends TypeError {
  override readonly name: string = 'ContractError'
}

/**
 * Checks a contract when it is defined: what the compiler cannot see, and all of it for callers in JavaScript.
 *
 * @throws {ContractError} at the first mistake
 */
export function checkContract(
  name: string,
  operations: Operations,
  options: ContractOptions,
  { reserved = reservedPaths }: { readonly reserved?: readonly string[] } = {},
): void {
  if (typeof name !== 'string') {
    throw new ContractError(
      `contract: expected a name such as 'user-service' and then the operations, got ${describeValue(name)} as the name`,
    )
  }
  if (typeof operations !== 'object' || (operations as unknown) === null) {
    throw new ContractError(
      `contract "${name}": expected an object of operations such as { getUser: { route: 'GET /users/:id' } }, got ${describeValue(operations)}`,
    )
  }
  const { envelope, partitioned, prefix, trailingSlash, auth } = options
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
    throw new ContractError(`contract "${name}": the name must be kebab-case, like user-service`)
  }
  if (envelope !== undefined && envelope !== 'standard' && envelope !== 'plain') {
    throw new ContractError(
      `contract "${name}": envelope must be 'standard' or 'plain', got ${describeValue(envelope)}`,
    )
  }
  if (partitioned !== undefined && typeof partitioned !== 'boolean') {
    throw new ContractError(`contract "${name}": partitioned must be true or false, got ${describeValue(partitioned)}`)
  }
  const wrongAuth = authProblem(auth)
  if (wrongAuth) throw new ContractError(`contract "${name}": ${wrongAuth}`)
  if (prefix !== undefined && !(typeof prefix === 'string' && /^(\/[\w.~-]+)+$/.test(prefix))) {
    throw new ContractError(`contract "${name}": prefix must be a path like /v1, got ${describeValue(prefix)}`)
  }
  if (trailingSlash !== undefined && trailingSlash !== 'never' && trailingSlash !== 'optional') {
    throw new ContractError(
      `contract "${name}": trailingSlash must be 'never' or 'optional', got ${describeValue(trailingSlash)}`,
    )
  }
  const unknown = unknownOption(options, optionNames)
  if (unknown) throw new ContractError(`contract "${name}": ${unknown}`)
  const taken = new Map<string, string>()
  for (const [key, operation] of Object.entries(operations)) {
    const problem =
      operationProblem(key, operation, taken, reserved) ??
      accessProblem(operation, auth) ??
      deprecationProblem(operation, operations)
    if (problem) throw new ContractError(`${name}.${key}: ${problem}`)
  }
  const forgotten = forgottenAuth(operations, auth)
  if (forgotten !== undefined) {
    throw new ContractError(
      `${name}.${forgotten}: auth is missing, but another operation has one: set 'public' here, or give the contract a default like { auth: 'user' }`,
    )
  }
}

const reservedPaths = ['/docs', '/health', '/metrics', '/openapi', '/tricube'] as const
