// The column types of Drizzle for PostgreSQL, by the names under which a models file imports them.
import { LightBuilder } from './column.ts'

/** Options of any column. */
interface ColumnOptions {
  readonly mode?: string
  readonly enum?: readonly string[]
  readonly withTimezone?: boolean
  readonly [name: string]: unknown
}

type MakeColumn = (nameOrOptions?: string | ColumnOptions, options?: ColumnOptions) => LightBuilder

/** Returns the function of a column type, which takes a name, options, both or neither. */
function column(build: (options: ColumnOptions) => LightBuilder): MakeColumn {
  return (nameOrOptions, options = {}) => build(typeof nameOrOptions === 'object' ? nameOrOptions : options)
}

function plain(columnType: string, dataType: string): MakeColumn {
  return column((options) => new LightBuilder(columnType, dataType, options))
}

function text(columnType: string): MakeColumn {
  return column(
    ({ enum: enumValues, ...options }) => new LightBuilder(columnType, 'string', { ...options, enumValues }),
  )
}

/** A column whose type depends on its `mode`; the first one is the default. */
function modes(types: Readonly<Record<string, readonly [columnType: string, dataType: string]>>): MakeColumn {
  return column(({ mode = Object.keys(types)[0]!, ...options }) => {
    const [columnType, dataType] = types[mode] ?? Object.values(types)[0]!
    return new LightBuilder(columnType, dataType, options)
  })
}

function serialOf(make: MakeColumn): MakeColumn {
  return (...args) =>
    make(...args)
      .default()
      .notNull()
}

export const bigint: MakeColumn = modes({ bigint: ['PgBigInt64', 'bigint'], number: ['PgBigInt53', 'number'] })
export const bigserial: MakeColumn = (nameOrOptions, options) => {
  const builder = longSerial(nameOrOptions, options).default()
  return builder.column.columnType === 'PgBigSerial53' ? builder.notNull() : builder // as in Drizzle
}
const longSerial = modes({ bigint: ['PgBigSerial64', 'bigint'], number: ['PgBigSerial53', 'number'] })
export const boolean: MakeColumn = plain('PgBoolean', 'boolean')
export const bit: MakeColumn = plain('PgBinaryVector', 'string')
export const char: MakeColumn = text('PgChar')
export const cidr: MakeColumn = plain('PgCidr', 'string')
export const customType = (): MakeColumn => plain('PgCustomColumn', 'custom')
export const date: MakeColumn = modes({ string: ['PgDateString', 'string'], date: ['PgDate', 'date'] })
export const doublePrecision: MakeColumn = plain('PgDoublePrecision', 'number')
export const geometry: MakeColumn = modes({ tuple: ['PgGeometry', 'array'], xy: ['PgGeometryObject', 'json'] })
export const halfvec: MakeColumn = plain('PgHalfVector', 'array')
export const inet: MakeColumn = plain('PgInet', 'string')
export const integer: MakeColumn = plain('PgInteger', 'number')
export const interval: MakeColumn = plain('PgInterval', 'string')
export const json: MakeColumn = plain('PgJson', 'json')
export const jsonb: MakeColumn = plain('PgJsonb', 'json')
export const line: MakeColumn = modes({ tuple: ['PgLine', 'array'], abc: ['PgLineABC', 'json'] })
export const macaddr: MakeColumn = plain('PgMacaddr', 'string')
export const macaddr8: MakeColumn = plain('PgMacaddr8', 'string')
const exact: MakeColumn = modes({
  string: ['PgNumeric', 'string'],
  number: ['PgNumericNumber', 'number'],
  bigint: ['PgNumericBigInt', 'bigint'],
})
export const numeric: MakeColumn = (...args) => exact(...args)
export const decimal: MakeColumn = (...args) => exact(...args)
export const point: MakeColumn = modes({ tuple: ['PgPointTuple', 'array'], xy: ['PgPointObject', 'json'] })
export const real: MakeColumn = plain('PgReal', 'number')
export const serial: MakeColumn = serialOf(plain('PgSerial', 'number'))
export const smallint: MakeColumn = plain('PgSmallInt', 'number')
export const smallserial: MakeColumn = serialOf(plain('PgSmallSerial', 'number'))
export const sparsevec: MakeColumn = plain('PgSparseVector', 'string')
const textColumn: MakeColumn = text('PgText')
export { textColumn as text }
export const time: MakeColumn = plain('PgTime', 'string')
export const timestamp: MakeColumn = (nameOrOptions, options) => {
  const builder = dated(nameOrOptions, options)
  Object.assign(builder.column, { withTimezone: (builder.column as { withTimezone?: boolean }).withTimezone === true })
  return builder
}
const dated = modes({ date: ['PgTimestamp', 'date'], string: ['PgTimestampString', 'string'] })
export const uuid: MakeColumn = plain('PgUUID', 'string')
export const varchar: MakeColumn = text('PgVarchar')
export const vector: MakeColumn = plain('PgVector', 'array')

/** An enum: the function of its columns, which also lists its values. */
export function pgEnum(
  _name: string,
  values: readonly string[] | Readonly<Record<string, string>>,
): MakeColumn & { readonly enumValues: readonly string[] } {
  const enumValues = Object.values(values)
  return Object.assign(
    column(() => new LightBuilder('PgEnumColumn', 'string', { enumValues })),
    { enumValues },
  )
}
