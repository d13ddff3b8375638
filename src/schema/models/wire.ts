import {
  Type,
  type TArray,
  type TBoolean,
  type TInteger,
  type TNumber,
  type TSchema,
  type TString,
  type TUnsafe,
} from '@sinclair/typebox'
import type { Column } from 'drizzle-orm'
import { decimalSchema, digitsSchema } from './decimal.ts'

/**
 * The schema of a column's value in JSON, as tricube's SQL layer reads and writes it: dates and timestamps are ISO 8601
 * strings whatever Drizzle's `mode` is, numeric is a string, a bigint a number or, beyond 2^53, a string. Points, lines and
 * geometries are PostgreSQL's own text.
 */
export type WireSchema<C extends Column> = C['_']['columnType'] extends 'PgArray'
  ? C['_'] extends { baseColumn: infer Base extends Column }
    ? TArray<WireSchema<Base>>
    : TSchema
  : C['_']['columnType'] extends 'PgBigInt64' | 'PgBigSerial64'
    ? TUnsafe<number | string>
    : C['_']['columnType'] extends DecimalType | TextType
      ? TString
      : C['_']['data'] extends Date
        ? TString
        : Named<C['_']['data'], C['_']['columnType']>

/** TypeBox's own name for a type where it has one, so that its helpers know it; a narrowed type keeps itself. */
type Named<Data, ColumnType extends string> = unknown extends Data
  ? TUnsafe<Data>
  : string extends Data
    ? TString
    : number extends Data
      ? ColumnType extends IntegerType
        ? TInteger
        : TNumber
      : boolean extends Data
        ? TBoolean
        : TUnsafe<Data>

type IntegerType = 'PgSmallInt' | 'PgSmallSerial' | 'PgInteger' | 'PgSerial' | 'PgBigInt53' | 'PgBigSerial53'

/** Columns of numeric, whatever Drizzle's `mode` is. */
export type DecimalType = 'PgNumeric' | 'PgNumericNumber' | 'PgNumericBigInt'

/** Columns that Drizzle reads, and that are PostgreSQL's text here. */
type TextType = 'PgPointTuple' | 'PgPointObject' | 'PgLine' | 'PgLineABC' | 'PgGeometry' | 'PgGeometryObject'

/**
 * The schema of a column's value in JSON.
 *
 * @param made - What drizzle-typebox makes of the column; it stays where JSON has the same type as Drizzle.
 */
export function wireSchema(column: Column, made: TSchema): TSchema {
  const make = makers[column.columnType]
  if (make) return make(column, made)
  if (column.enumValues?.length) return Type.Unsafe({ type: 'string', enum: [...column.enumValues] })
  if (column.dataType === 'json' || column.dataType === 'custom') return Type.Unsafe({})
  return made
}

const makers: Readonly<Record<string, (column: Column, made: TSchema) => TSchema>> = {
  PgTimestamp: timestamp,
  PgTimestampString: timestamp,
  PgDate: () => Type.String({ format: 'date' }),
  PgDateString: () => Type.String({ format: 'date' }),
  // JSON Schema's format "time" demands an offset, which PostgreSQL's time does not have.
  PgTime: () => Type.String({ pattern: '^\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,6})?)?([+-]\\d{2}(:\\d{2})?)?$' }),
  PgBigInt64: bigint,
  PgBigSerial64: bigint,
  PgNumeric: decimalSchema,
  PgNumericNumber: decimalSchema,
  PgNumericBigInt: decimalSchema,
  PgReal: () => Type.Number(),
  PgDoublePrecision: () => Type.Number(),
  PgChar: char,
  PgPointTuple: () => Type.String({ pattern: '^\\([^,()]+,[^,()]+\\)$' }),
  PgPointObject: () => Type.String({ pattern: '^\\([^,()]+,[^,()]+\\)$' }),
  PgLine: () => Type.String({ pattern: '^\\{[^,{}]+,[^,{}]+,[^,{}]+\\}$' }),
  PgLineABC: () => Type.String({ pattern: '^\\{[^,{}]+,[^,{}]+,[^,{}]+\\}$' }),
  PgBinaryVector: (column) =>
    Type.String({ pattern: `^[01]{${(column as Column & { dimensions: number }).dimensions}}$` }),
  // Well-known text or EWKB in, EWKB out.
  PgGeometry: () => Type.String(),
  PgGeometryObject: () => Type.String(),
  PgArray: (column, made) => {
    const { baseColumn } = column as Column & { baseColumn: Column }
    return Type.Array(wireSchema(baseColumn, (made as TArray).items)) // PostgreSQL does not hold an array to its size
  },
}

// PostgreSQL pads what is too short, and gives it back so.
function char(column: Column): TSchema {
  const { length = 1, enumValues } = column as Column & { length?: number }
  if (!enumValues?.length) return Type.String({ maxLength: length })
  return Type.Unsafe({
    type: 'string',
    enum: [...new Set(enumValues.flatMap((value) => [value, value.padEnd(length)]))],
  })
}

/** `date-time` demands an offset: only a timestamp with time zone has one. */
function timestamp(column: Column): TSchema {
  return (column as Column & { withTimezone: boolean }).withTimezone
    ? Type.String({ format: 'date-time' })
    : Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,6})?)?$' })
}

// JSON.parse has rounded a number beyond 2^53 already: it has to be a string, up to PostgreSQL's 19 digits.
function bigint(): TSchema {
  const { MIN_SAFE_INTEGER: minimum, MAX_SAFE_INTEGER: maximum } = Number
  const { type, pattern } = digitsSchema(19)
  return Type.Unsafe({
    anyOf: [
      { type: 'integer', minimum, maximum },
      { type, pattern },
    ],
  })
}
