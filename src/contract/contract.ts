import type { TProperties, TSchema } from '@sinclair/typebox'
import { checkContract } from './check.ts'
import type { Operation, Operations } from './operation.ts'
import type { PathParamNames } from './route.ts'

/** What a service promises: its name and its operations. A value: share it with callers, tests and the gateway. */
export interface Contract<Name extends string = string, Ops extends Operations = Operations> extends ContractOptions {
  readonly name: Name
  readonly operations: Ops
  readonly envelope: Envelope
}

/** How answers are wrapped: `standard` is `{"code":0,"data":…}`, `plain` the data itself. */
export type Envelope = 'standard' | 'plain'

/** What may be said of a service as a whole. */
export interface ContractOptions {
  /** Heading of the documentation. Default: the name. */
  readonly title?: string
  /** What the service is for, in Markdown. */
  readonly description?: string
  /** Version of the contract, as the documentation shows it. Default `1.0.0`. */
  readonly version?: string
  /** How answers are wrapped; errors look the same in both. Default `standard`. */
  readonly envelope?: Envelope
  /** Whether each region has data of its own, so that a call never leaves the region it is for. Default false. */
  readonly partitioned?: boolean
}

/**
 * Defines what a service promises.
 *
 * @throws {ContractError} one line naming the operation and what is wrong with it
 *
 * @example
 * export const roleService = contract('role-service', {
 *   getRole: { route: 'GET /roles/:id', params: { id: t.Integer() }, returns: Role, errors: [NotFound] },
 * })
 */
export function contract<const Name extends string, const Ops extends Operations>(
  name: Name,
  operations: Ops & { [Key in keyof Ops]: Checked<Ops[Key]> },
  options: ContractOptions = {},
): Contract<Name, Ops> {
  checkContract(name, operations, options)
  return Object.freeze({ envelope: 'standard' as const, ...options, name, operations })
}

/** The rules that the compiler can see; `checkContract` has them all. */
type Checked<Op extends Operation> = CheckedParams<Op> & CheckedBody<Op> & CheckedKeys<Op>

type CheckedParams<Op extends Operation> = Op['params'] extends TProperties
  ? [PathParamNames<Op['route']>] extends [keyof Op['params']]
    ? [keyof Op['params']] extends [PathParamNames<Op['route']>]
      ? unknown
      : { params: { [Key in Exclude<keyof Op['params'], PathParamNames<Op['route']>>]: 'is not in the route' } }
    : { params: { [Key in Exclude<PathParamNames<Op['route']>, keyof Op['params']>]: TSchema } }
  : unknown

type CheckedBody<Op extends Operation> = Op['route'] extends `GET ${string}`
  ? Op['body'] extends TSchema
    ? { body: 'GET has no body' }
    : unknown
  : unknown

type CheckedKeys<Op extends Operation> = {
  [Key in Exclude<keyof Op, keyof Operation>]: 'is not a field of an operation'
}
