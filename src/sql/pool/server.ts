import type { ServerStats } from '../api/stats.ts'
import { DatabaseError, unreachable } from '../errors/databaseError.ts'
import { Lane } from './lane.ts'
import { Liveness, silent } from './liveness.ts'
import { WaitingStatements } from './waiting.ts'
import type { Deadline } from '../statement/deadline.ts'
import { failing } from '../errors/place.ts'
import { closed, Pool, type PoolOptions, type Waiter } from './pool.ts'
import type { Route, Statement } from '../statement/statement.ts'
import { type Sweepable, Ticker } from '../../time/ticker.ts'
import { connect } from '../connection/connect.ts'
import type { ConnectOptions } from '../connection/options.ts'
import type { Connection } from '../connection/connection.ts'
import { setUp } from '../connection/setUp.ts'

/** Options of one server. */
export interface ServerOptions extends ConnectOptions, PoolOptions {
  readonly lanes: number
  readonly statementTimeoutMs: number
}

// Tuned with bench/sql on two busy cores. A server that lacks only CPU often takes 10 ms to respond, and more connections
// make that worse. New statements avoid a stuck lane from the next sweep on, after 5 to 10 ms. They go to the pool once
// all lanes have been stuck for this time.
const poolAfterMs = 20
const housekeepingMs = 1000
const prepareAnewMs = 5000

/** One PostgreSQL server: lanes for the many short statements, a pool for the rest. */
export class Server implements Route, Sweepable {
  readonly pool: Pool
  readonly #options: ServerOptions
  readonly #lanes: readonly Lane[]
  readonly #ticker: Ticker = new Ticker(this)
  readonly #housekeeping: NodeJS.Timeout
  readonly #waiting: WaitingStatements
  readonly #liveness: Liveness = new Liveness(() => (this.#isClosed ? [] : this.#connections()))
  #preparesAnewAt = 0
  #isClosed = false

  constructor(options: ServerOptions) {
    this.#options = options
    this.pool = new Pool(this.open, options)
    this.#waiting = new WaitingStatements(options.acquireTimeoutMs)
    const events = {
      connected: () => this.#waiting.take().forEach((statement) => this.send(statement)),
      failed: (error: DatabaseError) => this.#waiting.failed(error),
    }
    this.#lanes = Array.from({ length: options.lanes }, () => new Lane(this.open, events))
    this.#housekeeping = setInterval(() => this.#maintain(performance.now()), housekeepingMs).unref()
  }

  /** Opens a connection and sets up its session; the caller owns it. Always rejects with a DatabaseError. */
  readonly open = async (): Promise<Connection> => {
    try {
      return await this.#open()
    } catch (error) {
      throw error instanceof DatabaseError ? error : unreachable(error)
    }
  }

  async #open(): Promise<Connection> {
    const connection = await connect(this.#options)
    const limit = setTimeout(() => connection.destroy(silent()), this.#options.connectTimeoutMs)
    connection.onStale = () => this.#prepareAnew()
    try {
      return await setUp(connection, this.#options.statementTimeoutMs)
    } finally {
      clearTimeout(limit)
    }
  }

  /** Runs a statement on the lane with the least load, else in the pool. */
  send(statement: Statement): void {
    if (this.#isClosed) return statement.reject(closed())
    this.#ticker.wake()
    if (this.#isSlow(statement)) return this.#sendToPool(statement)
    const lane = this.#bestLane()
    if (!lane) return this.#waiting.add(statement)
    if (lane.stuckMs >= poolAfterMs) return this.#sendToPool(statement)
    statement.prepared.runs++
    lane.send(statement)
  }

  // The lane that is stuck for the shortest time; among those that are not stuck, the one with the least load.
  #bestLane(): Connection | undefined {
    let best: Connection | undefined
    for (const { connection } of this.#lanes) {
      if (!connection) continue
      if (!best) best = connection
      else if (connection.stuckMs !== best.stuckMs) best = connection.stuckMs < best.stuckMs ? connection : best
      else if (connection.inFlight < best.inFlight) best = connection
    }
    return best
  }

  /** Acquires an exclusive connection; return it with `pool.release`. */
  acquire(deadline: Deadline): Promise<Connection> {
    this.#ticker.wake()
    return new Promise((serve) => {
      const reject = (error: unknown): void => serve(failing(error, {}))
      const isWaiting = (now: number): boolean => {
        deadline.sweep(now)
        if (deadline.isOver) reject(deadline.reason)
        return !deadline.isOver
      }
      this.pool.acquire({ serve, reject, isWaiting, request: deadline.request })
    })
  }

  get isConnected(): boolean {
    return this.#lanes.length === 0 || this.#lanes.some(({ connection }) => connection)
  }

  /** Statements in flight on its lanes. */
  get load(): number {
    let load = 0
    for (const { connection } of this.#lanes) load += connection?.inFlight ?? 0
    return load
  }

  stats(): ServerStats {
    const { size, idle, waiting } = this.pool
    return {
      lanes: this.#lanes.map(({ connection }) => ({ connected: !!connection, inFlight: connection?.inFlight ?? 0 })),
      pool: { size, idle, waiting },
      waiting: this.#waiting.size,
    }
  }

  /** Waits for statements in flight, then closes all connections. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#housekeeping)
    this.#waiting.close()
    await Promise.all([this.pool.close(), ...this.#lanes.map((lane) => lane.close())])
    this.#ticker.stop()
  }

  sweep(now: number): boolean {
    let stuckMs = 0
    let inFlight = 0
    let isOwned = false
    for (const { connection } of this.#lanes) {
      if (!connection) continue
      const hasExpired = connection.sweep(now)
      if (hasExpired && this.#isClosed && connection.isAbandoned) connection.cancel()
      if (connection.stuckMs >= poolAfterMs) connection.head?.blocks(now)
      stuckMs = Math.max(stuckMs, connection.stuckMs)
      inFlight += connection.inFlight
    }
    for (const connection of this.pool.connections) {
      // The connection has a single user, so a cancel cannot hit anybody else.
      if (connection.sweep(now)) connection.cancel()
      stuckMs = Math.max(stuckMs, connection.stuckMs)
      inFlight += connection.inFlight
      // A transaction may time out while it runs nothing, and nothing else may keep the ticker running.
      if (connection.owner?.isLimited) isOwned = true
    }
    this.pool.sweep(now)
    this.#waiting.sweep(now)
    this.#liveness.sweep(now, stuckMs)
    return isOwned || inFlight + this.pool.waiting + this.#waiting.size > 0
  }

  #isSlow(statement: Statement): boolean {
    if (this.#lanes.length === 0 || statement.context.slow || statement.isBulk) return true
    return statement.prepared.isSlow
  }

  #sendToPool(statement: Statement): void {
    const waiter: Waiter = {
      serve: (connection) => {
        connection.send(statement)
        this.pool.releaseWhenIdle(connection)
      },
      reject: (error) => statement.reject(error),
      isWaiting: (now) => !statement.expire(now) && !statement.isSettled,
    }
    this.pool.acquire(waiter, this.#waiting.until(statement))
  }

  #connections(): Connection[] {
    return [...this.#lanes.flatMap(({ connection }) => connection ?? []), ...this.pool.connections]
  }

  #maintain(now: number): void {
    this.pool.reap(now)
    const { maxLifetimeMs } = this.#options
    this.#lanes.forEach((lane) => lane.renew(now, maxLifetimeMs))
    if (now >= this.#preparesAnewAt) this.#prepareAnew()
  }

  // A migration that breaks statements is noticed at once. Changes that break nothing, such as a json column that becomes
  // text, take effect when statements are prepared anew.
  #prepareAnew(): void {
    this.#preparesAnewAt = performance.now() + prepareAnewMs
    for (const { connection } of this.#lanes) connection?.statements.grow()
    for (const connection of this.pool.connections) connection.statements.grow()
  }
}
