import { systemClock } from '../../time/clock.ts'
import { backoffMs } from '../pool/backoff.ts'
import { DatabaseError } from '../errors/databaseError.ts'
import { Piece, type Seal } from './piece.ts'
import { canBeRetried } from './transaction.ts'
import { type Joined, type Runner, UnitView } from './unitView.ts'
import type { Database } from '../api/database.ts'
import type { Transaction, TransactionLimits, TransactionOptions } from '../api/transaction.ts'

/**
 * What one caller does with a database, in pieces: what it does between two commits takes effect together, with what its
 * owner adds to it. A piece is a transaction that begins with the first statement that may write. What only reads until
 * then runs as always, so that no connection is held for it.
 */
export class UnitOfWork implements Joined {
  /** The database as its caller is to see it. */
  readonly db: Database
  readonly #base: Database
  readonly #seal: Seal
  #piece: Piece | undefined
  #committing: Promise<void> = Promise.resolve()
  #elsewhere = 0
  #isOver = false

  /** `seal` runs at the end of each piece but the last, in its transaction; when it throws, that piece is undone. */
  constructor(base: Database, seal: Seal) {
    this.#base = base
    this.#seal = seal
    this.db = new UnitView(this, base as Runner, {})
  }

  get isOpen(): boolean {
    return this.#piece !== undefined
  }

  /** One that has failed fails whatever follows: it would go on without what was done before. */
  settled(): Promise<void> {
    return this.#committing
  }

  /** Runs what waits for others: what was done before is committed first, and no connection is held meanwhile. */
  async elsewhere<T>(fn: () => Promise<T>): Promise<T> {
    this.#elsewhere++
    try {
      await this.#commitIfIdle()
      return await fn()
    } finally {
      this.#elsewhere--
    }
  }

  /** Commits the last piece together with what `seal` does, which runs by itself when there is none. Nothing may follow. */
  async commit(seal: Seal): Promise<void> {
    await this.#committing
    await this.#piece?.idle()
    this.#isOver = true
    const piece = this.#piece
    this.#piece = undefined
    await (piece ? piece.commit(seal) : seal(this.#base))
  }

  /** Undoes the piece that is open. Nothing may follow. */
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
    if (this.#isOver) throw new DatabaseError('25000', 'the call that this database was given to is over')
    const piece = (this.#piece ??= new Piece(this.#base, options))
    piece.assertLike(options)
    const result = await piece.run((tx) => fn(tx, piece), limits)
    if (this.#elsewhere > 0) await this.#commitIfIdle()
    return result
  }

  /** A savepoint. While there is nothing else in its piece, it can be run again as a transaction can. */
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
      this.#committing.catch(() => {}) // whatever follows is told
    }
    await this.#committing
  }

  async #undo(reason: unknown): Promise<void> {
    const piece = this.#piece
    this.#piece = undefined
    await piece?.rollback(reason)
  }
}

/** Until the end of the savepoint. */
async function onlyReading<T>(tx: Transaction, fn: (tx: Transaction) => Promise<T>): Promise<T> {
  await tx.execute`SELECT set_config('transaction_read_only', 'on', true)`
  return fn(tx)
}
