import type {
  Database,
  DatabaseOptions,
  Listening,
  ListenOptions,
  RequestScope,
  StatementOptions,
  Transaction,
  TransactionOptions,
} from './api.ts'
import { bulk, type BatchTag, type BatchValue } from './bulk.ts'
import { DatabaseError } from './databaseError.ts'
import { type Drizzle, drizzleOver } from './drizzle.ts'
import { Limit } from './limit.ts'
import { Listener } from './listener.ts'
import type { Observer } from './observer.ts'
import { serverOptions } from './options.ts'
import type { Bound } from './prepared.ts'
import { Server, type ServerStats } from './server.ts'
import { type Manner, type Scope, type Shape, Statement } from './statement.ts'
import { Tags } from './tags.ts'
import { streamed, transaction } from './transaction.ts'
import { simple } from './wire/setUp.ts'

/**
 * Opens a database. It need not be up yet: statements wait up to `acquireTimeoutMs` for it.
 * @example await using db = await database({ url: process.env.DATABASE_URL })
 */
export function database(options: DatabaseOptions): Database {
  const server = new Server(serverOptions(options.url, options))
  return new View(server, new Listener(server.open), { observer: options.observer })
}

/** A database seen with some options; cheap to make, one for each request. */
class View extends Tags implements Database, Scope {
  readonly #server: Server
  readonly #listener: Listener
  readonly signal: AbortSignal | undefined
  readonly timeoutMs: number | undefined
  readonly slow: boolean | undefined
  readonly readOnly: boolean | undefined
  readonly request: RequestScope | undefined
  readonly observer: Observer | undefined

  constructor(server: Server, listener: Listener, { signal, timeoutMs, slow, readOnly, request, observer }: Scope) {
    super()
    this.#server = server
    this.#listener = listener
    this.signal = signal
    this.timeoutMs = timeoutMs
    this.slow = slow
    this.readOnly = readOnly
    this.request = request
    this.observer = observer
  }

  override run<T>(statement: Bound, shape: Shape, manner?: Manner): Promise<T> {
    return new Promise((resolve, reject) => {
      this.signal?.throwIfAborted()
      if (statement.prepared.session) throw notHere(statement.prepared.verb)
      this.#server.send(new Statement(statement, shape, this, this.#server, resolve, reject, manner))
    })
  }

  transaction<T>(fn: (tx: Transaction) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    return transaction(this.#server, this, fn, options)
  }

  stream<Row>(strings: TemplateStringsArray, ...values: readonly unknown[]): AsyncGenerator<Row, void, void> {
    return streamed(this.#server, this, (tx) => tx.stream<Row>(strings, ...values))
  }

  batch<Row>(rows: readonly Row[]): BatchTag<Row> {
    return (strings: TemplateStringsArray, ...values: readonly BatchValue<Row>[]) => bulk(this, rows, strings, values)
  }

  async script(text: string): Promise<void> {
    const limit = new Limit(this)
    const connection = await this.#server.acquire(limit)
    connection.owner = limit
    try {
      await limit.race(simple(connection, text))
    } finally {
      // What it has set is nobody else's.
      if (limit.isOver) connection.cancel()
      void connection.end()
    }
  }

  async notify(channel: string, payload = ''): Promise<void> {
    await this.execute`SELECT pg_notify(${channel}, ${payload})`
  }

  listen(channel: string, fn: (payload: string) => void, options?: ListenOptions): Promise<Listening> {
    return this.#listener.listen(channel, fn, options)
  }

  get drizzle(): Drizzle {
    return drizzleOver(this)
  }

  with(options: StatementOptions): Database {
    return new View(this.#server, this.#listener, { ...(this as Scope), ...options })
  }

  forRequest(request: RequestScope): Database {
    return new View(this.#server, this.#listener, { request, observer: this.observer })
  }

  stats(): ServerStats {
    return this.#server.stats()
  }

  async ping(timeoutMs = 1000): Promise<void> {
    await this.with({ timeoutMs }).execute`SELECT 1`
  }

  async close(): Promise<void> {
    await Promise.all([this.#listener.close(), this.#server.close()])
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

function notHere(verb: string): DatabaseError {
  return new DatabaseError('25001', `${verb} is for a transaction: connections are shared, use db.transaction`)
}
