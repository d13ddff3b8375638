/**
 * Drizzle's query builder on tricube's connections. It runs `drizzle-orm/node-postgres` over a client of its own, with
 * `pg`'s encoding and decoding of values, so that results are the same.
 */
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { PgTransactionConfig } from 'drizzle-orm/pg-core'
import type { SelectedFieldsOrdered } from 'drizzle-orm/pg-core/query-builders/select.types'
import type { Encoded } from '../wire/output.ts'
import type { DecoderOf } from '../wire/decoder.ts'
import { preparedOf } from '../text/prepared.ts'
import type { ResultMapper } from './resultMapper.ts'
import type { Tags } from './tags.ts'
import type { Drizzle, DrizzleResult } from '../api/drizzle.ts'
import type { Transaction, TransactionOptions } from '../api/transaction.ts'

/** The database or transaction that runs Drizzle's statements. */
export interface DrizzleTarget extends Tags {
  transaction<T>(fn: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>
}

const builders = new WeakMap<DrizzleTarget, Drizzle>()
let over: ((on: DrizzleTarget) => Drizzle) | undefined

/** Returns Drizzle's query builder for a database or a transaction. */
export function drizzleOver(on: DrizzleTarget): Drizzle {
  let builder = builders.get(on)
  if (!builder) builders.set(on, (builder = (over ??= load())(on)))
  return builder
}

const require = createRequire(import.meta.url)

// Resolved like an `import`, so that its classes are those of the user, as in `instanceof TransactionRollbackError`.
// Loaders that cannot resolve so, such as a test runner's, get the copy of `require`.
function shared(name: string): unknown {
  try {
    return require(fileURLToPath(import.meta.resolve(name)))
  } catch {
    return require(name)
  }
}

// Loaded on first use: it takes longer than the rest of tricube/sql together.
function load(): (on: DrizzleTarget) => Drizzle {
  const orm = shared('drizzle-orm') as typeof import('drizzle-orm')
  const core = shared('drizzle-orm/pg-core') as typeof import('drizzle-orm/pg-core')
  const driver = shared('drizzle-orm/node-postgres') as typeof import('drizzle-orm/node-postgres')
  const { types } = require('pg') as typeof import('pg')
  const { prepareValue } = require('pg/lib/utils') as { prepareValue: (value: unknown) => Encoded }
  const dialect = new core.PgDialect()
  const logger = new orm.NoopLogger()

  class Session extends driver.NodePgSession<Record<string, never>, Record<string, never>> {
    readonly #on: DrizzleTarget

    constructor(on: DrizzleTarget) {
      super({} as never, dialect, undefined)
      this.#on = on
    }

    override prepareQuery(...[query, fields, name, inArrays, mapper, metadata, cacheConfig]: PrepareQuery): never {
      const isJson = mapper ? [] : (fields ?? []).map(({ field }) => orm.is(field, orm.Column) && isJsonColumn(field))
      const client = {
        query: ({ rowMode }: QueryConfig, values: unknown[]) => this.#run(query.sql, values, rowMode, isJson),
      }
      const common = [
        client as never,
        query.sql,
        query.params,
        logger,
        undefined as never,
        metadata,
        cacheConfig,
      ] as const
      return new Query(...common, fields, name, inArrays, mapper as never) as never
    }

    override transaction<T>(fn: (tx: never) => Promise<T>, config: PgTransactionConfig = {}): Promise<T> {
      const inside = (tx: Transaction): Promise<T> =>
        fn(new Nested(dialect, new Session(tx as Transaction & DrizzleTarget), undefined) as never)
      return this.#on.transaction(inside, optionsOf(config))
    }

    async #run(
      text: string,
      values: unknown[],
      rowMode: string | undefined,
      isJson: readonly boolean[],
    ): Promise<unknown> {
      const mapper = rowMode === 'array' ? arrays : objects
      const result: DrizzleResult<unknown[]> = await this.#on.run({ prepared: preparedOf(text), values }, mapper)
      if (isJson.includes(true)) for (const row of result.rows) quoteStrings(row, isJson)
      return result
    }
  }

  class Query extends driver.NodePgPreparedQuery<never> {
    override execute(values?: Record<string, unknown>): Promise<never> {
      return super.execute(values).catch(unwrapped)
    }

    override all(values?: Record<string, unknown>): Promise<never> {
      return super.all(values).catch(unwrapped)
    }
  }

  class Nested extends driver.NodePgTransaction<Record<string, never>, Record<string, never>> {
    declare readonly session: Session

    override transaction<T>(fn: (tx: never) => Promise<T>): Promise<T> {
      return this.session.transaction(fn)
    }
  }

  // Drizzle's own error contains parameter values, which do not belong into logs, and hides the cause.
  function unwrapped(error: unknown): never {
    throw error instanceof orm.DrizzleQueryError && error.cause ? error.cause : error
  }

  // Drizzle's columns parse dates and times themselves, from PostgreSQL's text.
  const asText = new Set([1082, 1114, 1184, 1186, 1115, 1182, 1185, 1187, 1231])
  const decoderOf: DecoderOf = (type) => {
    const parse = (asText.has(type) ? String : types.getTypeParser(type, 'text')) as (text: string) => unknown
    return (bytes, start, end) => parse(bytes.toString('utf8', start, end))
  }
  const mapperOf = (form: 'array' | 'object'): ResultMapper => ({
    form,
    decoderOf,
    encode: prepareValue,
    result: (rows, rowCount, tag): DrizzleResult<unknown> => ({ command: commands[tag] ?? '', rowCount, rows }),
  })
  const arrays = mapperOf('array')
  const objects = mapperOf('object')

  return (on) => new core.PgDatabase(dialect, new Session(on), undefined) as Drizzle
}

type PrepareQuery = [
  query: { readonly sql: string; readonly params: unknown[] },
  fields: SelectedFieldsOrdered | undefined,
  name: string | undefined,
  inArrays: boolean,
  mapper?: unknown,
  metadata?: { readonly type: 'select' | 'update' | 'delete' | 'insert'; tables: string[] },
  cacheConfig?: never,
]

interface QueryConfig {
  readonly rowMode?: string
}

// By the first byte of the command tag.
const commands: Readonly<Record<number, string>> = Object.fromEntries(
  ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'MERGE'].map((command) => [command.charCodeAt(0), command]),
)

function isJsonColumn({ columnType }: { readonly columnType: string }): boolean {
  return columnType === 'PgJson' || columnType === 'PgJsonb'
}

// Drizzle's json columns parse strings, so the JSON string "5" would come back as a number.
function quoteStrings(row: unknown[], isJson: readonly boolean[]): void {
  for (let i = 0; i < row.length; i++) if (isJson[i] && typeof row[i] === 'string') row[i] = JSON.stringify(row[i])
}

function optionsOf({ isolationLevel, accessMode, deferrable }: PgTransactionConfig): TransactionOptions {
  return {
    // PostgreSQL has no dirty reads: https://www.postgresql.org/docs/current/transaction-iso.html
    ...(isolationLevel && { isolation: isolationLevel === 'read uncommitted' ? 'read committed' : isolationLevel }),
    ...(accessMode && { readOnly: accessMode === 'read only' }),
    ...(deferrable !== undefined && { deferrable }),
  }
}
