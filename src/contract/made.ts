import { withDefaultAuth } from './auth.ts'
import type { ContractEvents } from './event.ts'
import type { Operations } from './operation.ts'
import type { ContractOptions, Envelope } from './options.ts'

/** A contract without its types. */
interface MadeContract extends ContractOptions {
  readonly name: string
  readonly operations: Operations
  readonly events: ContractEvents
  readonly envelope: Envelope
}

/** Returns a contract of its parts. */
export function made(
  name: string,
  operations: Operations,
  options: ContractOptions,
  events: ContractEvents,
): MadeContract {
  return Object.freeze({
    envelope: 'standard' as const,
    ...options,
    name,
    operations: withDefaultAuth(operations, options.auth),
    events,
  })
}
