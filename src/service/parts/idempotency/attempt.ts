import { Conflict } from '../../../contract/errors.ts'
import type { Cancellable } from '../../../resilience/cancellation.ts'
import type { Database, Sql } from '../../../sql/index.ts'
import { UnitOfWork } from '../../../sql/transaction/unit.ts'
import type { Keyed } from '../../part.ts'
import { asOwnFault, finalFailure } from './failure.ts'
import { free, keep, keepFailure, renewEveryMs, type KeyedCall } from './keys.ts'
import { digestOf } from './scope.ts'
import type { KeyedHandler, KeyedScope } from './handler.ts'

/** Never aborts, for work that goes on after its request. */
const { signal: never } = new AbortController()
const releaseTimeoutMs = 5000

/** One run of a handler under its key, which its database and its calls use. */
export class Attempt implements Cancellable, Keyed {
  /**
   * The key that it passes to other services. It differs for another input, and for another caller with the same key.
   */
  readonly idempotencyKey: string
  readonly #call: KeyedCall
  readonly #token: string
  readonly #context: KeyedScope
  readonly #unit: UnitOfWork
  /** The database, not bound to the request's end. */
  readonly #always: Database
  readonly #made = new Map<string, number>()

  constructor(call: KeyedCall, token: string, context: KeyedScope) {
    const { db } = context
    this.idempotencyKey = digestOf(call)
    this.#call = call
    this.#token = token
    this.#context = context
    this.#always = db.with({ signal: never, timeoutMs: releaseTimeoutMs })
    this.#unit = new UnitOfWork(db, (sql) => this.#keep(sql, null))
  }

  get db(): Database {
    return this.#unit.db
  }

  /** Runs the handler. If `encode` throws because the result breaks the contract, nothing is committed. */
  async run(handler: KeyedHandler, encode: (value: unknown) => string): Promise<unknown> {
    const renewing = setInterval(() => void this.#renew(), renewEveryMs).unref()
    const { cancellation } = this.#context
    cancellation.add(this)
    this.#context.keyed = this
    try {
      const value = await handler(this.#context)
      const result = encode(value)
      await this.#unit.commit((sql) => this.#keep(sql, result))
      return value
    } catch (error) {
      await this.#unit.rollback(error)
      await this.#end(error)
      throw error
    } finally {
      clearInterval(renewing)
      cancellation.remove(this)
    }
  }

  /**
   * Calls another service. A second run of the handler passes the same key, as long as it makes the same calls of an
   * operation in the same order.
   */
  call<T>(operation: string, send: (key: string) => Promise<T>): Promise<T> {
    const n = this.#made.get(operation) ?? 0
    this.#made.set(operation, n + 1)
    const key = digestOf([this.idempotencyKey, operation, n])
    return this.#unit.elsewhere(async () => {
      try {
        return await send(key)
      } catch (error) {
        throw asOwnFault(this.#call.operation, operation, error)
      }
    })
  }

  /** The request is over: nothing that the handler still does is committed. */
  cancel(): void {
    void this.#free()
  }

  async #keep(sql: Pick<Sql, 'execute'>, result: string | null): Promise<void> {
    if (await keep(sql, this.#call, this.#token, result)) return
    throw new Conflict('another call with this idempotency-key has taken over')
  }

  async #renew(): Promise<void> {
    if (this.#context.cancellation.isOver) return
    // A failure is retried, and is noticed at the latest when the result is stored.
    await keep(this.#always, this.#call, this.#token, null).catch(() => {})
  }

  /** Stores an error that is final, or frees the key. */
  async #end(thrown: unknown): Promise<void> {
    const failure = this.#context.cancellation.isOver ? undefined : finalFailure(thrown)
    if (failure === undefined) return this.#free()
    await keepFailure(this.#always, this.#call, this.#token, failure).catch(() => {})
  }

  async #free(): Promise<void> {
    await free(this.#always, this.#call, this.#token).catch(() => {}) // it becomes free by itself
  }
}
