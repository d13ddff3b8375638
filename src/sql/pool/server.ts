import type { ServerStats } from '../api/stats.ts'
import { DatabaseError, isFinal, unreachable } from '../errors/databaseError.ts'
import { Lane } from './lane.ts'
import type { Deadline } from '../statement/deadline.ts'
import { failing } from '../errors/place.ts'
import { closed, Pool, type PoolOptions, type Waiter } from './pool.ts'
import type { Route, Statement } from '../statement/statement.ts'
import { type Sweepable, Ticker } from '../../time/ticker.ts'
import type { Address } from '../url/settings.ts'
import { connect } from '../connection/connect.ts'
import type { ConnectOptions } from '../connection/options.ts'
import type { Connection } from '../connection/connection.ts'
import { answers } from '../connection/probe.ts'
import { setUp } from '../connection/setUp.ts'

/** How one server is used. */
export interface ServerOptions extends ConnectOptions, PoolOptions {
  readonly lanes: number
  readonly statementTimeoutMs: number
}

// Tuned by bench/sql on two busy cores: a server that is only short of CPU often takes 10 ms to answer, and sending
// its statements to ever more connections makes that worse. A stuck lane is left for another one at once (that is after
// a sweep, 5 to 10 ms), for the pool when all have been stuck this long.
const poolAfterMs = 20
// An answer that takes longer than this may never come: see whether the server still answers anything.
const suspectMs = 1000
const probeMs = 1000
const housekeepingMs = 1000
const preparedForMs = 5000

/** One PostgreSQL server as it is reached from here: lanes for the many short statements, a pool for the rest. */
export class Server implements Route, Sweepable {
  readonly pool: Pool
  readonly #options: ServerOptions
  readonly #lanes: readonly Lane[]
  readonly #ticker: Ticker = new Ticker(this)
  readonly #housekeeping: NodeJS.Timeout
  #waiting: Statement[] = []
  #isProbing = false
  #notBefore = 0
  #preparesAnewAt = 0
  #lastError: DatabaseError | undefined
  #isClosed = false

  constructor(options: ServerOptions) {
    this.#options = options
    this.pool = new Pool(this.open, options)
    const events = { connected: () => this.#connected(), failed: (error: DatabaseError) => this.#failed(error) }
    this.#lanes = Array.from({ length: options.lanes }, () => new Lane(this.open, events))
    this.#housekeeping = setInterval(() => this.#keepHouse(performance.now()), housekeepingMs).unref()
  }

  /** Opens a connection whose session is set up; it is the caller's. Rejects with a DatabaseError, whatever goes wrong. */
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

  /** Runs a statement: on the lane with the least to do, else on the pool. */
  send(statement: Statement): void {
    if (this.#isClosed) return statement.giveUp(closed())
    this.#ticker.wake()
    if (this.#isSlow(statement)) return this.#sendToPool(statement)
    const lane = this.#bestLane()
    if (!lane) return this.#wait(statement)
    if (lane.stuckMs >= poolAfterMs) return this.#sendToPool(statement)
    statement.prepared.runs++
    lane.send(statement)
  }

  // The one that is stuck the shortest; among those that are not, the one with the least to do.
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

  /** A connection of one's own; give it back with `pool.release`. */
  acquire(deadline: Deadline): Promise<Connection> {
    this.#ticker.wake()
    return new Promise((serve) => {
      const refuse = (error: unknown): void => serve(failing(error, {}))
      const isWaiting = (now: number): boolean => {
        deadline.sweep(now)
        if (deadline.isOver) refuse(deadline.reason)
        return !deadline.isOver
      }
      this.pool.acquire({ serve, refuse, isWaiting, request: deadline.request })
    })
  }

  get isConnected(): boolean {
    return this.#lanes.length === 0 || this.#lanes.some(({ connection }) => connection)
  }

  /** Statements under way on its lanes. */
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
      waiting: this.#waiting.length,
    }
  }

  /** Answers what is under way, then closes all connections. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#housekeeping)
    for (const statement of this.#waiting.splice(0)) statement.giveUp(closed())
    await Promise.all([this.pool.close(), ...this.#lanes.map((lane) => lane.close())])
    this.#ticker.stop()
  }

  sweep(now: number): boolean {
    let stuckMs = 0
    let inFlight = 0
    let isOwned = false
    for (const { connection } of this.#lanes) {
      if (!connection) continue
      connection.sweep(now)
      if (connection.stuckMs >= poolAfterMs) connection.head?.holdsUp(now)
      stuckMs = Math.max(stuckMs, connection.stuckMs)
      inFlight += connection.inFlight
    }
    for (const connection of this.pool.connections) {
      // It has this connection to itself, so that cancelling can hit nobody else.
      if (connection.sweep(now)) connection.cancel()
      stuckMs = Math.max(stuckMs, connection.stuckMs)
      inFlight += connection.inFlight
      // A transaction may be over while it runs nothing, and in a quiet process nobody else keeps the clock going.
      if (connection.owner?.isLimited) isOwned = true
    }
    this.pool.sweep(now)
    this.#sweepWaiting(now)
    if (stuckMs > suspectMs && now > this.#notBefore && !this.#isProbing) void this.#probe()
    return isOwned || inFlight + this.pool.waiting + this.#waiting.length > 0
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
      refuse: (error) => statement.giveUp(error),
      isWaiting: (now) => !statement.overdue(now) && !statement.isSettled,
    }
    this.pool.acquire(waiter, this.#waitsUntil(statement))
  }

  #wait(statement: Statement): void {
    if (this.#lastError && isFinal(this.#lastError)) return statement.giveUp(this.#lastError)
    this.#waiting.push(statement)
  }

  // However often it is sent again, it has this time once.
  #waitsUntil(statement: Statement): number {
    statement.waitsSince ||= performance.now()
    return statement.waitsSince + this.#options.acquireTimeoutMs
  }

  #sweepWaiting(now: number): void {
    if (this.#waiting.length === 0) return
    this.#waiting = this.#waiting.filter((statement) => {
      if (!statement.overdue(now) && now >= this.#waitsUntil(statement)) {
        statement.giveUp(unreachable(this.#lastError))
      }
      return !statement.isSettled
    })
  }

  #connected(): void {
    this.#lastError = undefined
    for (const statement of this.#waiting.splice(0)) this.send(statement)
  }

  #failed(error: DatabaseError): void {
    this.#lastError = error
    if (isFinal(error)) for (const statement of this.#waiting.splice(0)) statement.giveUp(error)
  }

  // A server that is stopped, or cut off without a word, keeps its connections open and never answers.
  async #probe(): Promise<void> {
    this.#isProbing = true
    const lanes = this.#lanes.flatMap(({ connection }) => connection ?? [])
    const addresses = new Set([...lanes, ...this.pool.connections].map(({ address }) => address))
    const dead = new Set<Address>()
    const probe = async (address: Address): Promise<void> => {
      if (!(await answers(address, probeMs))) dead.add(address)
    }
    await Promise.all([...addresses].map(probe))
    this.#isProbing = false
    this.#notBefore = performance.now() + suspectMs
    if (dead.size === 0 || this.#isClosed) return
    const all = [...this.#lanes.map(({ connection }) => connection), ...this.pool.connections]
    for (const connection of all) if (connection && dead.has(connection.address)) connection.destroy(silent())
  }

  #keepHouse(now: number): void {
    this.pool.reap(now)
    const { maxLifetimeMs } = this.#options
    this.#lanes.forEach((lane) => lane.renew(now, maxLifetimeMs))
    if (now >= this.#preparesAnewAt) this.#prepareAnew()
  }

  // A migration is seen at once by what it breaks. What it does not break, such as a parameter of type json where the
  // column has become text, is right again when it is prepared anew.
  #prepareAnew(): void {
    this.#preparesAnewAt = performance.now() + preparedForMs
    for (const { connection } of this.#lanes) connection?.statements.grow()
    for (const connection of this.pool.connections) connection.statements.grow()
  }
}

function silent(): DatabaseError {
  return new DatabaseError('08006', 'the database does not answer')
}
