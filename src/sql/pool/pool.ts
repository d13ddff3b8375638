import { backoffMs } from './backoff.ts'
import { DatabaseError, isFinal, unreachable } from '../errors/databaseError.ts'
import { endUnread, exhaustionHint } from './exclusive.ts'
import type { Open } from './lane.ts'
import type { Connection } from '../connection/connection.ts'

/** A user that waits for an exclusive connection. */
export interface Waiter {
  /** Called with the connection; return it with `release`. */
  serve(connection: Connection): void
  /** Called when there will be none. */
  reject(error: unknown): void
  /** False when it no longer waits. */
  isWaiting(now: number): boolean
  /** The request that it works for. */
  readonly request?: object | undefined
}

/** The size of a pool, and the lifetime of its connections. */
export interface PoolOptions {
  readonly max: number
  readonly acquireTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly maxLifetimeMs: number
}

/** Connections for exclusive use: opened on demand, handed out in order of arrival. */
export class Pool {
  readonly #open: Open
  readonly #options: PoolOptions
  /** A stack: the connection used last is used next, so that the rest can time out. */
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

  /** Serves the waiter now or in its turn; rejects it with 08001 after `acquireTimeoutMs`. */
  acquire(waiter: Waiter, waitsUntil: number = performance.now() + this.#options.acquireTimeoutMs): void {
    if (this.#isClosed) return waiter.reject(closed())
    const idle = this.#waiting.length === 0 ? this.#idle.pop() : undefined
    if (idle) return waiter.serve(idle.connection)
    this.#waiting.push({ waiter, until: waitsUntil })
    this.#grow()
  }

  /** Takes a connection back. Closes it if it is inside a transaction, dirty or too old. */
  release(connection: Connection): void {
    connection.onIdle = connection.owner = undefined
    if (!connection.isOpen) return
    if (connection.cancelling) return void connection.cancelling.then(() => this.release(connection))
    const isOld = performance.now() - connection.openedAt > this.#options.maxLifetimeMs
    if (!connection.isIdle || isOld || connection.isDirty) return void connection.end()
    this.#offer(connection)
  }

  /** Takes a connection back once its exchanges in flight have ended. */
  releaseWhenIdle(connection: Connection): void {
    if (connection.inFlight === 0) this.release(connection)
    else connection.onIdle = () => this.release(connection)
  }

  /** Rejects waiters whose time is over. */
  sweep(now: number): void {
    if (this.#waiting.length === 0) return
    const rejected: Waiter[] = []
    this.#waiting = this.#waiting.filter(({ waiter, until }) => {
      if (!waiter.isWaiting(now)) return false
      if (now >= until) rejected.push(waiter)
      return now < until
    })
    for (const waiter of rejected) waiter.reject(this.#noConnection(waiter))
  }

  /** Closes connections that have been idle for too long, or are too old. */
  reap(now: number): void {
    const { idleTimeoutMs, maxLifetimeMs } = this.#options
    for (const { connection, since } of [...this.#idle]) {
      if (now - since > idleTimeoutMs || now - connection.openedAt > maxLifetimeMs) void connection.end()
    }
  }

  /** Rejects waiters, closes idle connections, and resolves when all others have been returned. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#retry)
    for (const { waiter } of this.#waiting.splice(0)) waiter.reject(closed())
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
    if (isFinal(error)) for (const { waiter } of this.#waiting.splice(0)) waiter.reject(error)
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
    const hint = exhaustionHint(this.#all, request)
    return new DatabaseError('53300', `none of ${max} connections became free within ${acquireTimeoutMs} ms${hint}`)
  }
}

/** The error of calls after `close`. */
export function closed(): DatabaseError {
  return new DatabaseError('08003', 'the database has been closed')
}
