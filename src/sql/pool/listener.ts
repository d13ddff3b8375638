import { systemClock } from '../../time/clock.ts'
import { backoffMs } from './backoff.ts'
import { DatabaseError } from '../errors/databaseError.ts'
import { quote } from '../text/fragment.ts'
import type { Open } from './lane.ts'
import { closed } from './pool.ts'
import type { Connection } from '../connection/connection.ts'
import { receivesNotifications } from '../connection/pooler.ts'
import { simple } from '../connection/simple.ts'
import type { ListenOptions, Listening } from '../api/database.ts'

interface Subscription {
  readonly fn: (payload: string) => void
  readonly onReconnect: (() => void) | undefined
}

// A connection that only listens would not notice that the server is gone.
const heartbeatMs = 15_000

/** The channels of `listen`. They share one connection, which exists while there are any. */
export class Listener {
  readonly #open: Open
  readonly #channels = new Map<string, Set<Subscription>>()
  #connection: Promise<Connection> | undefined
  #heartbeat: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(open: Open) {
    this.#open = open
  }

  async listen(
    channel: string,
    fn: (payload: string) => void,
    { onReconnect }: ListenOptions = {},
  ): Promise<Listening> {
    if (this.#isClosed) throw closed()
    assertChannel(channel)
    const subscription: Subscription = { fn, onReconnect }
    const subscriptions = this.#channels.get(channel) ?? new Set()
    this.#channels.set(channel, subscriptions.add(subscription))
    const close = (): Promise<void> => this.#unsubscribe(channel, subscription)
    try {
      const connection = await (this.#connection ??= this.#connect())
      await simple(connection, `LISTEN ${quote(channel)}`)
    } catch (error) {
      await close()
      throw error
    }
    return { close, [Symbol.asyncDispose]: close }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#channels.clear()
    await this.#disconnect()
  }

  async #unsubscribe(channel: string, subscription: Subscription): Promise<void> {
    const subscriptions = this.#channels.get(channel)
    if (!subscriptions?.delete(subscription) || subscriptions.size > 0) return
    this.#channels.delete(channel)
    if (this.#channels.size === 0) return this.#disconnect()
    const connection = await this.#connection?.catch(() => undefined)
    if (connection?.isOpen) await simple(connection, `UNLISTEN ${quote(channel)}`)
  }

  async #connect(): Promise<Connection> {
    try {
      const connection = await this.#open()
      if (connection.settings) await this.#assertReceives(connection)
      connection.onNotification = (channel, payload) => {
        for (const { fn } of this.#channels.get(channel) ?? []) queueMicrotask(() => fn(payload))
      }
      connection.onClose = () => void this.#reconnect(connection)
      this.#heartbeat = setInterval(() => beat(connection), heartbeatMs).unref()
      return connection
    } catch (error) {
      this.#connection = undefined
      throw error
    }
  }

  async #assertReceives(connection: Connection): Promise<void> {
    const other = await this.#open()
    try {
      if (await receivesNotifications(connection, other)) return
    } finally {
      void other.end()
    }
    void connection.end()
    throw new DatabaseError(
      '0A000',
      'db.listen receives nothing behind this connection pooler: use a database() whose url leads straight to PostgreSQL, or pool sessions',
    )
  }

  async #reconnect(lost: Connection): Promise<void> {
    clearInterval(this.#heartbeat)
    lost.onClose = undefined
    for (let attempt = 0; !this.#isClosed && this.#channels.size > 0; attempt++) {
      await systemClock.wait(backoffMs(attempt + 1))
      if (this.#isClosed) return
      try {
        const connection = await (this.#connection = this.#connect())
        const channels = [...this.#channels.keys()]
        await simple(connection, channels.map((channel) => `LISTEN ${quote(channel)}`).join(';'))
        for (const subscriptions of this.#channels.values())
          for (const { onReconnect } of subscriptions) onReconnect?.()
        return
      } catch {
        // It is retried: other statements report the reason.
      }
    }
  }

  async #disconnect(): Promise<void> {
    clearInterval(this.#heartbeat)
    const connection = await this.#connection?.catch(() => undefined)
    this.#connection = undefined
    if (!connection) return
    connection.onClose = undefined
    await connection.end()
  }
}

/** @throws {TypeError} if PostgreSQL would cut the name off, so that no notification would arrive */
export function assertChannel(channel: string): void {
  const bytes = Buffer.byteLength(channel)
  if (bytes >= 1 && bytes <= maxNameBytes) return
  throw new TypeError(`the name of a channel must have 1 to ${maxNameBytes} bytes, "${channel}" has ${bytes}`)
}

// NAMEDATALEN - 1: https://www.postgresql.org/docs/current/sql-syntax-lexical.html
const maxNameBytes = 63

function beat(connection: Connection): void {
  if (connection.inFlight > 0) connection.destroy(new DatabaseError('08006', 'the database does not respond'))
  else simple(connection, '').catch(() => {}) // `onClose` reports it
}
