import { ContractError } from './check.ts'
import { contract, type Contract } from './contract.ts'
import type { ContractEvents } from './event.ts'
import type { Operation, Operations } from './operation.ts'

/** Versions of one contract, by the names that their operations begin with. */
export type Versions = Readonly<Record<string, Contract>>

/** The operations of all versions: `v1_getUser` for `getUser` of `v1`. */
type OperationsIn<All extends Versions> = {
  readonly [Name in NamesIn<All>]: Name extends `${infer Version}_${infer Own}`
    ? All[Version]['operations'][Own]
    : never
}

type NamesIn<All extends Versions> = {
  [Version in keyof All & string]: `${Version}_${keyof All[Version]['operations'] & string}`
}[keyof All & string]

type EventsIn<All extends Versions> =
  Accepts<All[keyof All]> extends (events: infer Events extends ContractEvents) => void ? Events : never

/** A function of the events of each version: one that is all of them accepts the events of all. */
type Accepts<One> = One extends Contract ? (events: One['events']) => void : never

/**
 * Joins versions of a contract, so that one service serves them side by side. Callers keep the contract of their version.
 * The operation `getUser` of `v1` becomes `v1_getUser`. Give each version a prefix of its own.
 *
 * @throws {ContractError} when the versions differ in name or envelope, or two operations have the same route
 *
 * @example
 * const both = versions({
 *   v1: contract('user-service', { getUser: { route: 'GET /users/:id', returns: t.String() } }, { prefix: '/v1' }),
 *   v2: contract('user-service', { getUser: { route: 'GET /users/:id', returns: User } }, { prefix: '/v2' }),
 * })
 */
export function versions<const All extends Versions>(
  all: All,
): Contract<All[keyof All]['name'], OperationsIn<All>, EventsIn<All>> {
  const entries = Object.entries<Contract>(all)
  const newest = entries.at(-1)?.[1]
  if (!newest) throw new ContractError('versions: expected at least one contract, like { v1: userServiceV1 }')
  for (const [version, { name, ...one }] of entries) {
    if (!/^[a-z][A-Za-z\d]*$/.test(version)) {
      throw new ContractError(`versions: a version must have a name like v1, got "${version}"`)
    }
    if (name !== newest.name) throw new ContractError(`versions: ${version} is ${name}, expected ${newest.name}`)
    const other = shared.find((option) => one[option] !== newest[option])
    if (other) throw new ContractError(`versions: ${name} has another ${other} in ${version}, use the same in all`)
  }
  const operations = entries.flatMap(([version, one]) =>
    Object.entries(one.operations).map(([name, operation]) => [
      `${version}_${name}`,
      withVersion(version, operation, one.operations),
    ]),
  )
  const { name, operations: _, events: _events, prefix: _prefix, auth: _auth, ...options } = newest
  const joined = contract(name, Object.fromEntries(operations) as Operations, options)
  return Object.freeze({
    ...joined,
    events: Object.freeze(Object.assign({}, ...entries.map(([, { events }]) => events))),
  }) as unknown as ReturnType<typeof versions<All>>
}

/**
 * Names handlers as `versions` names operations, so that versions share them.
 *
 * @example
 * const handlers = { ...inVersion('v1', { getUser: () => 'Ada' }), ...inVersion('v2', { getUser: () => 'Ada' }) }
 */
export function inVersion<const Version extends string, const Handlers extends object>(
  version: Version,
  handlers: Handlers,
): { readonly [Name in keyof Handlers & string as `${Version}_${Name}`]: Handlers[Name] } {
  const entries = Object.entries(handlers).map(([name, handler]) => [`${version}_${name}`, handler])
  return Object.fromEntries(entries) as ReturnType<typeof inVersion<Version, Handlers>>
}

/** The options that all versions share, because they belong to the service. */
const shared = ['envelope', 'trailingSlash', 'partitioned'] as const

/** An operation that is deprecated in favour of another of its version names that. */
function withVersion(version: string, operation: Operation, others: Operations): Operation {
  const { deprecated } = operation
  if (typeof deprecated !== 'object' || deprecated.use === undefined || !Object.hasOwn(others, deprecated.use)) {
    return operation
  }
  return { ...operation, deprecated: { ...deprecated, use: `${version}_${deprecated.use}` } }
}
