// oxlint-disable typescript/unbound-method -- the methods are only looked for on the stack
import { type Fragments, fragments, type SqlTag, sql } from '../text/fragment.ts'
import type { Above } from '../errors/place.ts'
import { bind, type BoundStatement } from '../text/prepared.ts'
import * as mappers from './resultMapper.ts'
import type { Execution } from './execution.ts'
import type { ResultMapper } from './resultMapper.ts'
import type { AnyRow, Sql } from '../api/statements.ts'

// The helpers are on the prototype, so that creating a view costs nothing for them.
export interface Tags extends Fragments {
  readonly sql: SqlTag
}

/** The statement methods, on top of one way to run a statement. */
export abstract class Tags implements Omit<
  Sql,
  'stream' | 'script' | 'batch' | 'drizzle' | 'notify' | 'enqueue' | 'publish' | 'cancelJob'
> {
  /** Runs a statement; resolves to what `mapper` returns for its rows. */
  abstract run<T>(statement: BoundStatement, mapper: ResultMapper, execution?: Execution): Promise<T>

  one<Row = AnyRow>(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<Row> {
    return this.#tag(strings, values, mappers.one, this.one)
  }

  maybeOne<Row = AnyRow>(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<Row | undefined> {
    return this.#tag(strings, values, mappers.maybeOne, this.maybeOne)
  }

  many<Row = AnyRow>(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<Row[]> {
    return this.#tag(strings, values, mappers.many, this.many)
  }

  value<Value = unknown>(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<Value> {
    return this.#tag(strings, values, mappers.value, this.value)
  }

  execute(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<number> {
    return this.#tag(strings, values, mappers.count, this.execute)
  }

  #tag<T>(strings: TemplateStringsArray, values: readonly unknown[], mapper: ResultMapper, tag: Above): Promise<T> {
    let statement: BoundStatement
    try {
      statement = bind(strings, values, tag)
    } catch (error) {
      return Promise.reject(error)
    }
    return this.run(statement, mapper)
  }
}

Object.assign(Tags.prototype, fragments, { sql })
