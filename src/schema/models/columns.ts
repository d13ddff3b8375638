// The columns of a table, read without Drizzle's code: a page that imports a contract would carry all of it.
import { Type, type TSchema } from '@sinclair/typebox'
import type { Column, Table } from 'drizzle-orm'

/** The symbol under which Drizzle keeps the columns of a table. */
export const columnsOf: unique symbol = Symbol.for('drizzle:Columns') as never

/** Returns the columns of a table by name. */
export function columnsIn(table: Table): readonly (readonly [string, Column])[] {
  const columns = (table as unknown as { readonly [columnsOf]?: Readonly<Record<string, Column>> })[columnsOf]
  if (!columns) throw new TypeError('expected a table of Drizzle, such as pgTable makes')
  return Object.entries(columns)
}

/** Whether a request may set the column. */
export function isWritable({ generated, generatedIdentity }: Column): boolean {
  return generated?.type !== 'always' && generatedIdentity?.type !== 'always'
}

/** Whether a new row may leave the column out. */
export function mayBeMissing({ notNull, hasDefault }: Column): boolean {
  return !notNull || hasDefault
}

/** Returns the schema of a column whose JSON is what Drizzle reads. */
export function plainSchema(column: Column): TSchema {
  const { columnType, dataType } = column
  const { length, dimensions } = column as { readonly length?: number; readonly dimensions?: number }
  const range = ranges[columnType]
  if (range) return Type.Integer(range)
  if (columnType === 'PgHalfVector' || columnType === 'PgVector') {
    return Type.Array(Type.Number(), dimensions === undefined ? {} : { minItems: dimensions, maxItems: dimensions })
  }
  if (columnType === 'PgUUID') return Type.String({ format: 'uuid' })
  if (dataType === 'boolean') return Type.Boolean()
  if (dataType === 'number') return Type.Number()
  if (dataType === 'string')
    return Type.String(columnType === 'PgVarchar' && length !== undefined ? { maxLength: length } : {})
  return dataType === 'array' ? Type.Array(Type.Any()) : Type.Any()
}

const int2 = { minimum: -32_768, maximum: 32_767 }
const int4 = { minimum: -2_147_483_648, maximum: 2_147_483_647 }
const int8 = { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }
const ranges: Readonly<Record<string, { readonly minimum: number; readonly maximum: number }>> = {
  PgSmallInt: int2,
  PgSmallSerial: int2,
  PgInteger: int4,
  PgSerial: int4,
  PgBigInt53: int8,
  PgBigSerial53: int8,
}
