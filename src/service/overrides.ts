import type { ClientClass } from '../client/call.ts'
import type { Contract } from '../contract/contract.ts'
import type { Sink } from '../trace/sink.ts'
import type { Config } from './config.ts'
import type { DatabaseSettings } from './definition.ts'

/** What a test puts in the place of the real thing. */
export interface Overrides {
  readonly config?: Partial<Config>
  readonly database?: DatabaseSettings
  readonly clientClass?: (callee: Contract) => ClientClass<Contract>
  readonly checkResponse?: (operation: string, value: unknown) => void
  /** Where its spans go. */
  readonly sink?: Sink
}
