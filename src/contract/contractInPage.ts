import type { contract as checkedContract } from './contract.ts'
import type { EventDrafts } from './event.ts'
import { made } from './made.ts'
import type { Operations } from './operation.ts'
import type { ContractOptions } from './options.ts'
import { withPrefix } from './route.ts'

/**
 * Defines the contract of a service in a page, without its checks: the service makes the same ones when it starts, and a
 * page would carry them for nothing.
 */
export const contract = ((
  name: string,
  operations: Operations,
  // oxlint-disable-next-line typescript/no-useless-default-assignment -- callers may leave it out
  { events = {}, ...options }: ContractOptions & { readonly events?: EventDrafts } = {},
) => {
  const named = Object.entries(events).map(([key, event]) => [key, { ...event, name: key, service: name }])
  return made(name, withPrefix(operations, options.prefix), options, Object.fromEntries(named))
}) as typeof checkedContract
