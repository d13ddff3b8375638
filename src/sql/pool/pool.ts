import { backoffMs } from './backoff.ts'
import { DatabaseError, isFinal, unreachable } from '../errors/databaseError.ts'
import { endUnread, whyNone } from './held.ts'
import type { Open } from './lane.ts'
import type { Connection } from '../connection/connection.ts'

/** What waits in line for a connection of its own. */
export interface Waiter {
  /** Gets the connection, to give it back with `release`. */
  serve(connection: Connection): void
  /** There will be none. */
  refuse(error: unknown): void
  /** False when it has given up by itself. */
  isWaiting(now: number): boolean
  /** The request that it works for, if any. */
  readonly request?: object | undefined
}

/** How large a pool is, and how long its connections live. */
export interface PoolOptions {
  readonly max: number
  readonly acquireTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly maxLifetimeMs: number
}

/** Connections that one user at a time has to itself; opened on demand, waited for in order of arrival. */
export class Pool {
  readonly #open: Open
  readonly #options: PoolOptions
  /** The one used last is used next, so that the others can grow old. */
  readonly #idle: { readonly connection: Connection; readonly since: number }[] = []
  readonly #all = new Set<Connection>()
  #waiting: { readonly waiter: Waiter; readonly until: number }[] = []
  #opening = 0
  #attempt = 0
  #retry: NodeJS.Timeout | undefined
  #lastError: DatabaseError | undefined
  #isClosed = false
  #onDrained: (() => void) | undefined

  constructor(open: Open, options: PoolOptions) {
    this.#open = open
    this.#options = options
  }

  get size(): number {
    return this.#all.size + this.#opening
  }

  get idle(): number {
    return this.#idle.length
  }

  get waiting(): number {
    return this.#waiting.length
  }

  get connections(): Iterable<Connection> {
    return this.#all
  }

  /** Serves the waiter now, or in its turn; refuses it with 08001 when that takes longer than `acquireTimeoutMs`. */
  acquire(waiter: Waiter, waitsUntil: number = performance.now() + this.#options.acquireTimeoutMs): void {
    if (this.#isClosed) return waiter.refuse(closed())
    const idle = this.#waiting.length === 0 ? this.#idle.pop() : undefined
    if (idle) return waiter.serve(idle.connection)
    this.#waiting.push({ waiter, until: waitsUntil })
    this.#grow()
  }

  /** Takes a connection back; one that is not outside a transaction, or too old, is closed. */
  release(connection: Connection): void {
    connection.onIdle = connection.owner = undefined
    if (!connection.isOpen) return
    if (connection.cancelling) return void connection.cancelling.then(() => this.release(connection))
    const isOld = performance.now() - connection.openedAt > this.#options.maxLifetimeMs
    if (!connection.isIdle || isOld || connection.isSpoilt) return void connection.end()
    this.#offer(connection)
  }

  /** Takes a connection back when what is under way on it has been answered. */
  releaseWhenIdle(connection: Connection): void {
    if (connection.inFlight === 0) this.release(connection)
    else connection.onIdle = () => this.release(connection)
  }

  /** Lets waiters give up. */
  sweep(now: number): void {
    if (this.#waiting.length === 0) return
    const refused: Waiter[] = []
    this.#waiting = this.#waiting.filter(({ waiter, until }) => {
      if (!waiter.isWaiting(now)) return false
      if (now >= until) refused.push(waiter)
      return now < until
    })
    for (const waiter of refused) waiter.refuse(this.#noConnection(waiter))
  }

  /** Closes connections that have been idle for too long, or are too old. */
  reap(now: number): void {
    const { idleTimeoutMs, maxLifetimeMs } = this.#options
    for (const { connection, since } of [...this.#idle]) {
      if (now - since > idleTimeoutMs || now - connection.openedAt > maxLifetimeMs) void connection.end()
    }
  }

  /** Refuses who waits, closes what is idle, and resolves when the rest has come back. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#retry)
    for (const { waiter } of this.#waiting.splice(0)) waiter.refuse(closed())
    for (const { connection } of this.#idle.slice()) void connection.end()
    if (this.#all.size === 0) return
    const look = endUnread(this.#all, closed())
    await new Promise<void>((resolve) => (this.#onDrained = resolve))
    clearInterval(look)
  }

  #grow(): void {
    if (this.#retry || this.#opening >= this.#waiting.length || this.size >= this.#options.max) return
    void this.#connect()
  }

  async #connect(): Promise<void> {
    this.#opening++
    const opened = await this.#open().catch((error: DatabaseError) => error)
    this.#opening--
    if (opened instanceof DatabaseError) this.#failed(opened)
    else this.#add(opened)
    this.#grow()
  }

  #add(connection: Connection): void {
    this.#attempt = 0
    this.#lastError = undefined
    this.#all.add(connection)
    connection.onClose = () => this.#remove(connection)
    if (connection.isOpen) this.#offer(connection)
  }

  #offer(connection: Connection): void {
    if (this.#isClosed) return void connection.end()
    const next = this.#waiting.shift()
    if (next) next.waiter.serve(connection)
    else this.#idle.push({ connection, since: performance.now() })
  }

  #failed(error: DatabaseError): void {
    this.#lastError = error
    if (isFinal(error)) for (const { waiter } of this.#waiting.splice(0)) waiter.refuse(error)
    if (this.#waiting.length === 0 || this.#isClosed || this.#retry) return
    this.#retry = setTimeout(
      () => {
        this.#retry = undefined
        this.#grow()
      },
      backoffMs(++this.#attempt),
    )
  }

  #remove(connection: Connection): void {
    this.#all.delete(connection)
    const at = this.#idle.findIndex((idle) => idle.connection === connection)
    if (at >= 0) this.#idle.splice(at, 1)
    if (this.#all.size === 0) this.#onDrained?.()
    if (!this.#isClosed) this.#grow()
  }

  #noConnection({ request }: Waiter): DatabaseError {
    const { acquireTimeoutMs, max } = this.#options
    if (this.#lastError) return unreachable(this.#lastError)
    const why = whyNone(this.#all, request)
    return new DatabaseError('53300', `none of ${max} connections became free within ${acquireTimeoutMs} ms${why}`)
  }
}

/** The error of what comes after `close`. */
export function closed(): DatabaseError {
  return new DatabaseError('08003', 'the database has been closed')
}
