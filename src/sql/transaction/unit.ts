import { systemClock } from '../../time/clock.ts'
import { backoffMs } from '../pool/backoff.ts'
import { DatabaseError } from '../errors/databaseError.ts'
import { Piece, type Seal } from './piece.ts'
import { canBeRetried } from './transaction.ts'
import { type Joined, type Runner, UnitView } from './unitView.ts'
import type { Database } from '../api/database.ts'
import type { Transaction, TransactionLimits, TransactionOptions } from '../api/transaction.ts'

/**
 * The work of one caller on a database, in pieces. Everything between two commits takes effect together, including what the
 * owner adds to it. A piece is a transaction that begins with the first statement that may write. Earlier reads run
 * outside, so that they occupy no connection.
 */
export class UnitOfWork implements Joined {
  /** The database as the caller sees it. */
  readonly db: Database
  readonly #base: Database
  readonly #seal: Seal
  #piece: Piece | undefined
  #committing: Promise<void> = Promise.resolve()
  #elsewhere = 0
  #isOver = false

  /** `seal` runs at the end of each piece but the last, in its transaction. If it throws, that piece is rolled back. */
  constructor(base: Database, seal: Seal) {
    this.#base = base
    this.#seal = seal
    this.db = new UnitView(this, base as Runner, {})
  }

  get isOpen(): boolean {
    return this.#piece !== undefined
  }

  /** A failed piece fails everything after it, which would otherwise go on without it. */
  settled(): Promise<void> {
    return this.#committing
  }

  /** Runs something that waits for other services: commits first, so that no connection is occupied meanwhile. */
  async elsewhere<T>(fn: () => Promise<T>): Promise<T> {
    this.#elsewhere++
    try {
      await this.#commitIfIdle()
      return await fn()
    } finally {
      this.#elsewhere--
    }
  }

  /** Commits the last piece together with `seal`, which runs alone when there is no piece. Nothing may follow. */
  async commit(seal: Seal): Promise<void> {
    await this.#committing
    await this.#piece?.idle()
    this.#isOver = true
    const piece = this.#piece
    this.#piece = undefined
    await (piece ? piece.commit(seal) : seal(this.#base))
  }

  /** Rolls the open piece back. Nothing may follow. */
  async rollback(reason: unknown): Promise<void> {
    this.#isOver = true
    await this.#undo(reason)
  }

  async join<T>(
    options: TransactionOptions,
    limits: TransactionLimits,
    fn: (tx: Transaction, piece: Piece) => Promise<T>,
  ): Promise<T> {
    if (!this.#piece) await this.#committing
    if (this.#isOver)
      throw new DatabaseError('25000', 'the call of this database has ended: do not use its db afterwards')
    const piece = (this.#piece ??= new Piece(this.#base, options))
    piece.assertLike(options)
    const result = await piece.run((tx) => fn(tx, piece), limits)
    if (this.#elsewhere > 0) await this.#commitIfIdle()
    return result
  }

  /** Runs a savepoint. While it is alone in its piece, it can be retried like a transaction. */
  async transaction<T>(
    fn: (tx: Transaction) => Promise<T>,
    options: TransactionOptions,
    limits: TransactionLimits,
  ): Promise<T> {
    const { retries = 0, readOnly } = options
    for (let attempt = 0; ; attempt++) {
      let own: Piece | undefined
      try {
        return await this.join(options, limits, (tx, piece) => {
          own = piece
          return tx.with(limits).transaction(readOnly ? (inner) => onlyReading(inner, fn) : fn)
        })
      } catch (error) {
        if (attempt >= retries || !canBeRetried(error) || own?.uses !== 1 || own !== this.#piece) throw error
        await this.#undo(error)
        await systemClock.wait(backoffMs(attempt + 1))
      }
    }
  }

  async #commitIfIdle(): Promise<void> {
    const piece = this.#piece
    if (piece?.isIdle) {
      this.#piece = undefined
      this.#committing = piece.commit(this.#seal)
      this.#committing.catch(() => {}) // the next statement reports it
    }
    await this.#committing
  }

  async #undo(reason: unknown): Promise<void> {
    const piece = this.#piece
    this.#piece = undefined
    await piece?.rollback(reason)
  }
}

/** Makes the savepoint read-only until it ends. */
async function onlyReading<T>(tx: Transaction, fn: (tx: Transaction) => Promise<T>): Promise<T> {
  await tx.execute`SELECT set_config('transaction_read_only', 'on', true)`
  return fn(tx)
}
