import type { Connection } from '../connection/connection.ts'
import type { Exchange } from '../connection/exchange.ts'
import type { Prepared } from '../text/prepared.ts'

/** A statement that waits for an exchange on its behalf. */
export interface SuspendedStatement extends Exchange<Connection> {
  readonly prepared: Prepared
  /** Settles it with an error. */
  reject(error: unknown): void
}
