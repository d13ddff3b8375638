import type { DatabaseError } from '../errors/databaseError.ts'
import type { Column } from '../wire/input.ts'

/** What is sent over a connection up to one Sync, and its response up to ReadyForQuery. */
export abstract class Exchange<Connection> {
  /** The one behind it on its connection. */
  next: Exchange<Connection> | undefined

  /** Writes its messages; false when it turned out that there is nothing to send. */
  abstract write(connection: Connection): boolean

  parameterTypes(_types: readonly number[]): void {}

  columns(_columns: readonly Column[]): void {}

  /** The server has taken the values. An error before this means that nothing has run. */
  bound(): void {}

  row(_bytes: Buffer, _start: number): void {}

  /** `tag` is the first byte of the command tag, such as the `C` of COMMIT. */
  complete(_rowCount: number, _tag: number): void {}

  /** The server refused it. `ready` follows. */
  abstract fail(error: DatabaseError): void

  /** All of its answer has come in. */
  abstract ready(connection: Connection): void

  /** Its connection went away before that; `wasSent` is false when the server cannot have seen it. */
  abstract lost(error: DatabaseError, wasSent: boolean): void

  /** Whether its outcome is known already: it was given up, or has failed. */
  get isSettled(): boolean {
    return false
  }

  /** Called now and then while it waits for its answer; true when it has just been given up. */
  overdue(_now: number): boolean {
    return false
  }

  /** It keeps those behind it on a lane waiting. */
  holdsUp(_now: number): void {}
}
