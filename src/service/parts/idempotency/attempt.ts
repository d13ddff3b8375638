import { Conflict } from '../../../contract/errors.ts'
import type { Cancellable } from '../../../resilience/cancellation.ts'
import type { Database, Sql } from '../../../sql/index.ts'
import { UnitOfWork } from '../../../sql/transaction/unit.ts'
import type { Keyed } from '../../part.ts'
import { free, keep, renewEveryMs, type KeyedCall } from './keys.ts'
import { digestOf } from './scope.ts'
import type { KeyedHandler, KeyedScope } from './handler.ts'

/** Never aborts: what is done although its request is over. */
const { signal: never } = new AbortController()
const releaseTimeoutMs = 5000

/** One run of a handler by whoever has taken its key; its database, and its calls, know of that. */
export class Attempt implements Cancellable, Keyed {
  /** Names the call to others. Of another input, and of another caller with the same key, it is another one. */
  readonly idempotencyKey: string
  readonly #call: KeyedCall
  readonly #token: string
  readonly #context: KeyedScope
  readonly #unit: UnitOfWork
  /** The database without the request's end. */
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

  /** Runs the handler; `encode` throws when what it returns is no answer, and then nothing is committed. */
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
      await this.#free()
      throw error
    } finally {
      clearInterval(renewing)
      cancellation.remove(this)
    }
  }

  /**
   * Makes a call to another service. Its key is the same when the handler is run again, as long as that makes the same
   * calls to an operation in the same order.
   */
  call<T>(operation: string, send: (key: string) => Promise<T>): Promise<T> {
    const n = this.#made.get(operation) ?? 0
    this.#made.set(operation, n + 1)
    const key = digestOf([this.idempotencyKey, operation, n])
    return this.#unit.elsewhere(() => send(key))
  }

  /** Nobody waits any more, and nothing that the handler still does is committed. */
  cancel(): void {
    void this.#free()
  }

  async #keep(sql: Pick<Sql, 'execute'>, result: string | null): Promise<void> {
    if (await keep(sql, this.#call, this.#token, result)) return
    throw new Conflict('another call with this idempotency-key has taken over')
  }

  async #renew(): Promise<void> {
    if (this.#context.cancellation.isOver) return
    // What fails is tried again, and is noticed at the latest when the result is to be kept.
    await keep(this.#always, this.#call, this.#token, null).catch(() => {})
  }

  async #free(): Promise<void> {
    await free(this.#always, this.#call, this.#token).catch(() => {}) // it becomes free by itself
  }
}
