import { backoffMs } from './backoff.ts'
import { DatabaseError } from '../errors/databaseError.ts'
import type { Connection } from '../connection/connection.ts'

/** Opens a connection for use; rejects with a DatabaseError. */
export type Open = () => Promise<Connection>

/** Events of a lane. */
export interface LaneEvents {
  connected(): void
  failed(error: DatabaseError): void
}

/** A shared, pipelined connection. It reconnects when it is lost, and is renewed from time to time. */
export class Lane {
  connection: Connection | undefined
  readonly #open: Open
  readonly #events: LaneEvents
  #attempt = 0
  #retry: NodeJS.Timeout | undefined
  #isClosed = false
  #isOpening = false

  constructor(open: Open, events: LaneEvents) {
    this.#open = open
    this.#events = events
    void this.#connect()
  }

  /** Replaces a connection that is dirty or older than `lifetimeMs`, once its exchanges in flight have ended. */
  renew(now: number, lifetimeMs: number): void {
    if (!this.connection || this.#isOpening) return
    if (this.connection.isDirty || now - this.connection.openedAt > lifetimeMs) void this.#connect()
  }

  /** Closes the connection when its exchanges in flight have ended. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#retry)
    await this.connection?.end()
  }

  async #connect(): Promise<void> {
    this.#isOpening = true
    const opened = await this.#open().catch((error: DatabaseError) => error)
    this.#isOpening = false
    if (!(opened instanceof DatabaseError)) return this.#use(opened)
    this.#events.failed(opened)
    if (!this.connection) this.#connectLater()
  }

  #use(connection: Connection): void {
    if (this.#isClosed) return void connection.end()
    const old = this.connection
    this.connection = connection
    this.#attempt = 0
    connection.onClose = () => {
      if (this.connection !== connection) return
      this.connection = undefined
      this.#connectLater()
    }
    void old?.end()
    this.#events.connected()
  }

  #connectLater(): void {
    if (this.#isClosed) return
    this.#retry = setTimeout(() => void this.#connect(), backoffMs(++this.#attempt))
  }
}
