import type { DatabaseError } from '../errors/databaseError.ts'
import type { Column } from '../wire/input.ts'

/** How an exchange lost its connection. */
export interface Loss {
  /** Whether the server may have seen it. */
  readonly wasSent: boolean
}

/** Messages that are sent up to one Sync, and their responses up to ReadyForQuery. */
export abstract class Exchange<Connection> {
  /** The next exchange on the connection. */
  next: Exchange<Connection> | undefined

  /** Writes its messages. Returns false when there is nothing to send. */
  abstract write(connection: Connection): boolean

  parameterTypes(_types: readonly number[]): void {}

  columns(_columns: readonly Column[]): void {}

  /** Called when the server has accepted the values. After an error before that, nothing has run. */
  bound(): void {}

  row(_bytes: Buffer, _start: number): void {}

  /** `tag` is the first byte of the command tag, such as the `C` of COMMIT. */
  complete(_rowCount: number, _tag: number): void {}

  /** Called when the server has rejected it; `ready` follows. */
  abstract fail(error: DatabaseError): void

  /** Called when its response is complete. */
  abstract ready(connection: Connection): void

  /** Called when its connection was lost before. */
  abstract lost(error: DatabaseError, loss: Loss): void

  /** Whether its outcome is known: it has expired or failed. */
  get isSettled(): boolean {
    return false
  }

  /** Called now and then while it waits for its response. Returns true when it has just expired. */
  expire(_now: number): boolean {
    return false
  }

  /** Called while it blocks the exchanges behind it on a lane. */
  blocks(_now: number): void {}
}
