// oxlint-disable typescript/unbound-method -- the methods are only looked for on the stack
import type { AnyRow, Sql } from '../api.ts'
import { type Fragments, fragments, type SqlTag, sql } from '../text/fragment.ts'
import type { Above } from '../errors/place.ts'
import { bound, type Bound } from '../text/prepared.ts'
import * as shapes from './shapes.ts'
import type { Manner, Shape } from './scope.ts'

// The helpers are on the prototype, so that a view costs nothing for them.
export interface Tags extends Fragments {
  readonly sql: SqlTag
}

/** The statement methods over one way to run a statement. */
export abstract class Tags implements Omit<Sql, 'stream' | 'script' | 'batch' | 'drizzle' | 'notify'> {
  /** Runs a statement; the promise is settled with what `shape` makes of its rows. */
  abstract run<T>(statement: Bound, shape: Shape, manner?: Manner): Promise<T>

  one<Row = AnyRow>(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<Row> {
    return this.#tag(strings, values, shapes.one, this.one)
  }

  maybeOne<Row = AnyRow>(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<Row | undefined> {
    return this.#tag(strings, values, shapes.maybeOne, this.maybeOne)
  }

  many<Row = AnyRow>(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<Row[]> {
    return this.#tag(strings, values, shapes.many, this.many)
  }

  value<Value = unknown>(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<Value> {
    return this.#tag(strings, values, shapes.value, this.value)
  }

  execute(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<number> {
    return this.#tag(strings, values, shapes.count, this.execute)
  }

  #tag<T>(strings: TemplateStringsArray, values: readonly unknown[], shape: Shape, tag: Above): Promise<T> {
    let statement: Bound
    try {
      statement = bound(strings, values, tag)
    } catch (error) {
      return Promise.reject(error)
    }
    return this.run(statement, shape)
  }
}

Object.assign(Tags.prototype, fragments, { sql })
