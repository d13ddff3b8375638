import { checkContract } from './check.ts'
import type { Checked, Drafts, OperationsOf } from './draft.ts'
import type { Operations } from './operation.ts'

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
export function contract<const Name extends string, const Ops extends Drafts>(
  name: Name,
  operations: Ops & { [Key in keyof Ops]: Checked<Ops[Key]> },
  options: ContractOptions = {},
): Contract<Name, OperationsOf<Ops>> {
  checkContract(name, operations as unknown as Operations, options)
  return Object.freeze({
    envelope: 'standard' as const,
    ...options,
    name,
    operations: operations as unknown as OperationsOf<Ops>,
  })
}
