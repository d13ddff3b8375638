import { DatabaseError } from '../errors/databaseError.ts'
import { timedOut } from '../errors/timedOut.ts'
import type { Database } from '../api/database.ts'
import type { Sql } from '../api/statements.ts'
import type { Transaction, TransactionLimits, TransactionOptions } from '../api/transaction.ts'

/** What is done at the end of a piece, in its transaction, or alone. */
export type Seal = (sql: Pick<Sql, 'execute'>) => Promise<void>

/** A transaction that begins here and ends elsewhere. */
export class Piece {
  /** Number of its statements, streams and savepoints. */
  uses = 0
  readonly #isolation: TransactionOptions['isolation']
  readonly #tx: Promise<Transaction>
  readonly #outcome: Promise<void>
  #end!: (seal: Seal | Promise<never>) => void
  #running = 0
  #streams = 0
  #onIdle: (() => void) | undefined

  constructor(db: Database, { isolation, deferrable }: TransactionOptions) {
    this.#isolation = isolation
    const options = { ...(isolation && { isolation }), ...(deferrable !== undefined && { deferrable }) }
    const ended = new Promise<Seal>((resolve) => (this.#end = resolve))
    ended.catch(() => {}) // `#outcome` reports it
    let begin!: (tx: Transaction) => void
    const begun = new Promise<Transaction>((resolve) => (begin = resolve))
    this.#outcome = db.transaction(async (tx) => {
      begin(tx)
      const seal = await ended
      await seal(tx)
    }, options)
    this.#tx = Promise.race([begun, this.#outcome.then(() => begun)])
    this.#tx.catch(() => {}) // its users get the error
  }

  /** Whether nothing runs in it. */
  get isIdle(): boolean {
    return this.#running + this.#streams === 0
  }

  /** Resolves when no statement and no savepoint runs in it; an abandoned stream may remain. */
  async idle(): Promise<void> {
    while (this.#running > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve))
  }

  assertLike({ isolation }: TransactionOptions): void {
    if (isolation === undefined || isolation === this.#isolation) return
    throw new DatabaseError(
      '25001',
      `a transaction with isolation ${isolation} must come before all other writes: the open transaction cannot change it`,
    )
  }

  /** Runs `fn` in it; `limits` apply to the wait until it has begun. */
  async run<T>(fn: (tx: Transaction) => Promise<T>, limits: TransactionLimits): Promise<T> {
    this.uses++
    this.#running++
    try {
      return await fn(await within(limits, this.#tx))
    } finally {
      if (--this.#running === 0) this.#onIdle?.()
    }
  }

  async *stream<Row>(open: (tx: Transaction) => AsyncGenerator<Row, void, void>): AsyncGenerator<Row, void, void> {
    this.uses++
    this.#streams++
    try {
      yield* open(await this.#tx)
    } finally {
      this.#streams--
    }
  }

  commit(seal: Seal): Promise<void> {
    this.#end(seal)
    return this.#outcome
  }

  async rollback(reason: unknown): Promise<void> {
    this.#end(Promise.reject(reason))
    await this.#outcome.catch(() => {})
  }
}

/** Returns the result of the promise, unless the limits end first. */
function within<T>({ signal, timeoutMs }: TransactionLimits, promise: Promise<T>): Promise<T> {
  if (!signal && timeoutMs === undefined) return promise
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal!.reason)
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => reject(timedOut(timeoutMs)), timeoutMs)
    if (signal?.aborted) abort()
    signal?.addEventListener('abort', abort)
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
    promise.then(resolve, reject)
    promise.then(end, end)
  })
}
