import {
  Type,
  type ObjectOptions,
  type Static,
  type TObject,
  type TOptional,
  type TSchema,
  type TUnsafe,
} from '@sinclair/typebox'
import type { Column, Table } from 'drizzle-orm'
import { columnsIn, isWritable, mayBeMissing } from './columns.ts'
import { nullable, override, type Overridden, type Overrides } from './overrides.ts'
import { wireSchema } from './wire.ts'

/**
 * Returns the schema of a request body that creates a row. Columns with a default and nullable columns are optional;
 * generated columns and unknown properties are rejected.
 *
 * @param overrides - Keywords or schemas by column, for rules that the table does not have.
 * @param options - Options of the object; `$id` names it in the OpenAPI document.
 *
 * @example
 * const NewUser = insertSchema(usersTable, { name: { minLength: 1 } }, { $id: 'NewUser' })
 */
export function insertSchema<T extends Table, const O extends Overrides<ColumnsOf<T>> = {}>(
  table: T,
  overrides?: O & OnlyColumns<O, InsertProperties<T, O>>,
  options: ObjectOptions = {},
): TObject<InsertProperties<T, O>> {
  return build(table, inserted, overrides, { additionalProperties: false, ...options }) as never
}

/**
 * Returns the schema of a request body that changes a row: like `insertSchema`, but all columns are optional, and at least
 * one is required.
 *
 * @example
 * const UserPatch = updateSchema(usersTable, { name: { minLength: 1 } })
 */
export function updateSchema<T extends Table, const O extends Overrides<ColumnsOf<T>> = {}>(
  table: T,
  overrides?: O & OnlyColumns<O, UpdateProperties<T, O>>,
  options: ObjectOptions = {},
): TObject<UpdateProperties<T, O>> {
  const objectOptions = { additionalProperties: false, minProperties: 1, ...options }
  return build(table, updated, overrides, objectOptions) as never
}

/**
 * Returns the schema of a row in a response: every column is present, and some may be null.
 *
 * @example
 * const User = selectSchema(usersTable, { name: { description: 'as on the passport' } }, { $id: 'User' })
 */
export function selectSchema<T extends Table, const O extends Overrides<ColumnsOf<T>> = {}>(
  table: T,
  overrides?: O & OnlyColumns<O, SelectProperties<T, O>>,
  options: ObjectOptions = {},
): TObject<SelectProperties<T, O>> {
  return build(table, selected, overrides, options) as never
}

/** The properties of `insertSchema`. */
export type InsertProperties<T extends Table, O = {}> = {
  [K in keyof T['$inferInsert'] & keyof ColumnsOf<T>]: {} extends Pick<T['$inferInsert'], K>
    ? TOptional<Property<ColumnsOf<T>[K], O, K>>
    : Property<ColumnsOf<T>[K], O, K>
}

/** The properties of `updateSchema`. */
export type UpdateProperties<T extends Table, O = {}> = {
  [K in keyof T['$inferInsert'] & keyof ColumnsOf<T>]: TOptional<Property<ColumnsOf<T>[K], O, K>>
}

/** The properties of `selectSchema`. */
export type SelectProperties<T extends Table, O = {}> = {
  [K in keyof ColumnsOf<T>]: Property<ColumnsOf<T>[K], O, K>
}

type ColumnsOf<T extends Table> = T['_']['columns']

type Property<C extends Column, O, K> =
  Overridden<C, K extends keyof O ? O[K] : undefined> extends infer S extends TSchema
    ? C['_']['notNull'] extends true
      ? S
      : TUnsafe<Static<S> | null>
    : never

/** Makes an override of an unknown column a type error. */
type OnlyColumns<O, Properties> = { readonly [K in Exclude<keyof O, keyof Properties>]: never }

/** Which columns of a table a schema has, and which of them are optional. */
interface Selection {
  readonly has: (column: Column) => boolean
  readonly isOptional: (column: Column) => boolean
}

const inserted: Selection = { has: isWritable, isOptional: mayBeMissing }
const updated: Selection = { has: isWritable, isOptional: () => true }
const selected: Selection = { has: () => true, isOptional: () => false }

function build(
  table: Table,
  { has, isOptional }: Selection,
  overrides: object | undefined,
  options: ObjectOptions,
): TSchema {
  const overrideOf = (overrides ?? {}) as Record<string, TSchema | undefined>
  const properties = columnsIn(table).flatMap(([key, column]) => {
    if (!has(column)) return []
    const value = override(wireSchema(column), overrideOf[key])
    const schema = column.notNull ? value : nullable(value)
    return [[key, isOptional(column) ? Type.Optional(schema) : schema] as const]
  })
  return Type.Object(Object.fromEntries(properties), options)
}
