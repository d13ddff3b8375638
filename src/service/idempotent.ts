import { createHash } from 'node:crypto'
import { BadRequest, UnprocessableEntity } from '../contract/errors.ts'
import type { Database, Transaction } from '../sql/index.ts'
import type { RequestContext } from './context.ts'
import type { AnyHandler } from './run.ts'

/** How long a result is kept: who retries for longer than a day has given up. Source: Stripe's idempotency keys. */
const keptFor = '24 hours'
/** Old results are deleted once in so many calls. */
const callsPerSweep = 1000

/**
 * Lets a handler run once for each `idempotency-key`: a second call gets the first one's result.
 *
 * The key, what the handler does through `db`, and its result are one transaction, so that a crash leaves all of it or
 * nothing, and a second call at the same time waits for the first. A handler that throws leaves nothing; the next call
 * runs it again. Calls without a key run as always.
 *
 * Source: https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
export function oncePerKey(operation: string, handler: AnyHandler): AnyHandler {
  const store = new Store(operation)
  return (context) => {
    const key = context.request.headers['idempotency-key']
    if (key === undefined) return handler(context)
    if (typeof key !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(key)) {
      throw new BadRequest('idempotency-key is a text of 1 to 255 characters')
    }
    return store.once(key, context, handler)
  }
}

class Store {
  readonly #operation: string
  #created: Promise<unknown> | undefined
  #calls = 0

  constructor(operation: string) {
    this.#operation = operation
  }

  async once(key: string, context: RequestContext, handler: AnyHandler): Promise<unknown> {
    const { db } = context
    await this.#prepare(db)
    const input = digestOf(context)
    return db.transaction(async (tx) => {
      // Waits while another call holds the key in a transaction of its own.
      const isFirst = await tx.execute`
        INSERT INTO tricube_idempotent (operation, key, input) VALUES (${this.#operation}, ${key}, ${input})
        ON CONFLICT DO NOTHING`
      if (!isFirst) return this.#resultOf(tx, key, input)
      context.db = within(tx, db)
      const result = await handler(context)
      await tx.execute`
        UPDATE tricube_idempotent SET result = ${JSON.stringify(result) ?? null}
        WHERE operation = ${this.#operation} AND key = ${key}`
      return result
    })
  }

  async #resultOf(tx: Transaction, key: string, input: string): Promise<unknown> {
    const first = await tx.one<{ input: string; result: unknown }>`
      SELECT input, result FROM tricube_idempotent WHERE operation = ${this.#operation} AND key = ${key}`
    if (first.input !== input) throw new UnprocessableEntity('the idempotency-key was used with another input')
    return first.result ?? undefined
  }

  async #prepare(db: Database): Promise<void> {
    this.#created ??= createTable(db)
    try {
      await this.#created
    } catch (error) {
      this.#created = undefined
      throw error
    }
    if (this.#calls++ % callsPerSweep === 0) {
      await db.execute`DELETE FROM tricube_idempotent WHERE created_at < now() - ${keptFor}::interval`
    }
  }
}

/** Under a lock: PostgreSQL's IF NOT EXISTS fails when two do it at once. */
async function createTable(db: Database): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.execute`SELECT pg_advisory_xact_lock(hashtext('tricube_idempotent'))`
    await tx.execute`
      CREATE TABLE IF NOT EXISTS tricube_idempotent (
        operation text NOT NULL,
        key text NOT NULL,
        input text NOT NULL,
        result json,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (operation, key)
      )`
  })
}

function digestOf({ params, query, body }: RequestContext): string {
  return createHash('sha256')
    .update(JSON.stringify([params, query, body]))
    .digest('base64')
}

/** A transaction in the place of the database: what the handler does, it does in there. */
function within(tx: Transaction, db: Database): Database {
  const inside: Database = new Proxy(db, {
    get(_, name) {
      if (name === 'with' || name === 'forRequest') return () => inside
      if (name === 'primary') return inside
      const owner: object = Reflect.has(tx, name) ? tx : db
      const value: unknown = Reflect.get(owner, name, owner)
      return typeof value === 'function' ? (value.bind(owner) as unknown) : value
    },
  })
  return inside
}
