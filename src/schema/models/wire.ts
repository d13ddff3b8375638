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
import { plainSchema } from './columns.ts'
import { decimalSchema, digitsSchema } from './decimal.ts'

/**
 * The schemas of columns in JSON, as tricube's SQL layer reads and writes them. Drizzle's `mode` has no influence.
 *
 * Dates and timestamps are ISO 8601 strings. A numeric is a string. A bigint is a number or, beyond 2^53, a string. Points,
 * lines and geometries have PostgreSQL's own text form.
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

/** Returns TypeBox's own type where it has one, so that its helpers recognise it; a narrowed type stays as it is. */
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

/** Numeric columns, with any `mode` of Drizzle. */
export type DecimalType = 'PgNumeric' | 'PgNumericNumber' | 'PgNumericBigInt'

/** Columns that Drizzle parses, and that have PostgreSQL's text form here. */
type TextType = 'PgPointTuple' | 'PgPointObject' | 'PgLine' | 'PgLineABC' | 'PgGeometry' | 'PgGeometryObject'

/** Returns the schema of a column's value in JSON. */
export function wireSchema(column: Column): TSchema {
  const make = makers[column.columnType]
  if (make) return make(column)
  if (column.enumValues?.length) return Type.Unsafe({ type: 'string', enum: [...column.enumValues] })
  if (column.dataType === 'json' || column.dataType === 'custom') return Type.Unsafe({})
  return plainSchema(column)
}

const makers: Readonly<Record<string, (column: Column) => TSchema>> = {
  PgTimestamp: timestamp,
  PgTimestampString: timestamp,
  PgDate: () => Type.String({ format: 'date' }),
  PgDateString: () => Type.String({ format: 'date' }),
  // JSON Schema's format "time" requires an offset, which PostgreSQL's time does not have.
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
  // PostgreSQL reads well-known text or EWKB, and writes EWKB.
  PgGeometry: () => Type.String(),
  PgGeometryObject: () => Type.String(),
  PgArray: (column) => {
    const { baseColumn } = column as Column & { baseColumn: Column }
    return Type.Array(wireSchema(baseColumn)) // PostgreSQL does not hold an array to its size
  },
}

// PostgreSQL pads shorter values, and returns them padded.
function char(column: Column): TSchema {
  const { length = 1, enumValues } = column as Column & { length?: number }
  if (!enumValues?.length) return Type.String({ maxLength: length })
  return Type.Unsafe({
    type: 'string',
    enum: [...new Set(enumValues.flatMap((value) => [value, value.padEnd(length)]))],
  })
}

/** `date-time` requires an offset, which only a timestamp with time zone has. */
function timestamp(column: Column): TSchema {
  return (column as Column & { withTimezone: boolean }).withTimezone
    ? Type.String({ format: 'date-time' })
    : Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,6})?)?$' })
}

// JSON.parse rounds numbers beyond 2^53, so they must be strings of up to PostgreSQL's 19 digits.
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
