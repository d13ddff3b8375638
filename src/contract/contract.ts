import type { Auth } from './auth.ts'
import { checkContract } from './check.ts'
import { eventsOf, type ContractEvents, type EventDrafts, type EventsOf } from './event.ts'
import type { Checked, Drafts, OperationsOf } from './draft.ts'
import type { External } from './externalPlace.ts'
import { made } from './made.ts'
import { checkNames } from './names.ts'
import type { Operations } from './operation.ts'
import { withPrefix } from './route.ts'
import type { ContractOptions, Envelope } from './options.ts'

/** The contract of a service: its name and its operations, as a value that callers, tests and the gateway share. */
export interface Contract<
  Name extends string = string,
  Ops extends Operations = Operations,
  Events extends ContractEvents = ContractEvents,
> extends ContractOptions {
  readonly name: Name
  readonly operations: Ops
  /** What it tells other services: they handle it in `subscriptions`. */
  readonly events: Events
  readonly envelope: Envelope
  /** Where it is, when it is an API of somebody else. */
  readonly external?: External
}

/**
 * Defines the contract of a service.
 *
 * @throws {ContractError} naming the operation and what is wrong with it
 *
 * @example
 * export const roleService = contract('role-service', {
 *   getRole: { route: 'GET /roles/:id', params: { id: t.Integer() }, returns: Role, errors: [NotFound] },
 * })
 */
export function contract<
  const Name extends string,
  const Ops extends Drafts,
  const Events extends EventDrafts = {},
  const Access extends Auth | undefined = undefined,
>(
  name: Name,
  operations: Ops & { [Key in keyof Ops]: Checked<Ops[Key]> },
  { events, ...options }: ContractOptions & { readonly events?: Events; readonly auth?: Access } = {},
): Contract<Name, OperationsOf<Ops, Access>, EventsOf<Events>> {
  const all = withPrefix(operations as unknown as Operations, options.prefix)
  checkContract(name, all, options)
  checkNames(name, all)
  return made(name, all, options, eventsOf(name, events ?? ({} as Events))) as never
}
